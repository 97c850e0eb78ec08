"""Two neighbouring fields that must both be something else, as older nft loads them.

Older nft compares two fields that lie side by side in a header, and fit into 32 bits together, as one number: `tcp sport != 22 tcp
dport != 80` then matches a packet of which *one* port is another (measured with nft 1.0.6: ports, ICMP type with code, `ip ttl` with `ip
protocol`, whatever stands between them in the rule; a patch is on netfilter-devel, 13 March 2024, so newer versions ask for both). The
listing shows the rule as written in both cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from secaudit.network.filters import Certainty
from secaudit.text.bilingual import Text
from secaudit.vendors.nftables.syntax import Narrowing, Part, Test
from secaudit.vendors.nftables.tokens import Kind, Token

_MERGED: Final = tuple(
    frozenset(pair)
    for pair in (
        ("tcp sport", "tcp dport"),
        ("udp sport", "udp dport"),
        ("sctp sport", "sctp dport"),
        ("dccp sport", "dccp dport"),
        ("th sport", "th dport"),
        ("icmp type", "icmp code"),
        ("icmpv6 type", "icmpv6 code"),
        ("ip ttl", "ip protocol"),
        ("ip6 nexthdr", "ip6 hoplimit"),
    )
)
_EITHER: Final = Text(
    ja="隣り合う2つの項目の否定（`tcp sport != 22 tcp dport != 80` など）は、古い nft（1.0.6 で確認）では片方が異なるだけで一致します",
    en="two neighbouring fields are both negated (as `tcp sport != 22 tcp dport != 80`); to older versions of nft (seen with 1.0.6) one that differs is enough",
)


def either_may_differ(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts of a rule, with such a pair of tests as one test of both fields that is not certain: the most that it could match."""
    negated = [part for part in parts if isinstance(part, Test) and _is_plain_negation(part)]
    for index, first in enumerate(negated):
        for second in negated[index + 1 :]:
            if frozenset((first.key[0].name, second.key[0].name)) in _MERGED:
                return either_may_differ(_joined(parts, first, second))
    return tuple(parts)


def _is_plain_negation(test: Test) -> bool:
    if test.operator != "!=" or test.mask or len(test.key) != 1 or len(test.values) != 1:
        return False
    value = test.values[0]
    return isinstance(value, Token) and not value.text.startswith("@")


def _joined(parts: Sequence[Part], first: Test, second: Test) -> list[Part]:
    value, other = first.values[0], second.values[0]
    assert isinstance(value, Token)
    dot = Token(Kind.SIGN, ".", ".", value.line)
    both = Test((*first.key, *second.key), (), "!=", (value, dot, other))
    result: list[Part] = []
    for part in parts:
        if part is first:
            result += [Narrowing(Certainty.UNCERTAIN, _EITHER), both]
        elif part is not second:
            result.append(part)
    return result
