"""Rules of one shape are taken apart once: what one of them means must not depend on those before it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from secaudit.text.source import SourceLine
from secaudit.vendors.nftables.building import build
from secaudit.vendors.nftables.document import Document
from secaudit.vendors.nftables.tokens import Kind, tokens_of

IMPOSSIBLE = "tcp dport 22 udp dport 22 accept"
RULES = (
    "ip saddr 10.1.0.5 tcp dport 22 accept",
    "ip saddr 10.1.0.6 tcp dport 443 accept",
    'ip saddr 10.1.0.6 tcp dport 443 accept comment "first"',
    'ip saddr 10.1.0.7 tcp dport 443 accept comment "second, # no comment"',
    "ip saddr 10.1.0.0/24 ip daddr 10.2.0.0/16 drop",
    "ip saddr 10.1.4.0/22 ip daddr 10.2.0.0/15 drop",
    "ip saddr 10.1.0.9 ip daddr 300.2.0.1 drop",
    "ip6 saddr 2001:db8::1 udp dport 53 accept",
    "ip6 saddr 2001:db8::2 udp dport 123 accept",
    "tcp dport { 22, 80 } accept",
    "tcp dport { 22, 443 } accept",
    "tcp dport != 22 tcp sport != 80 accept",
    "tcp dport != 23 tcp sport != 81 accept",
    "th dport 53 accept",
    "th dport 54 ip saddr 10.1.0.5 accept",
    IMPOSSIBLE,
    "ct state established,related accept",
    "ct state new tcp flags & (fin | syn) == fin accept",
    "ct state new tcp flags & (fin | ack) == fin accept",
    'iifname "eth1" tcp dport 22 jump inner',
    'iifname "1" tcp dport 22 accept',
    "iifname 1 tcp dport 22 jump 1inner",
    "iifname 1 tcp dport 23 jump 2inner",
    "ip saddr . tcp dport { 10.1.0.5 . 22, 10.1.0.6 . 80 } accept",
    "ip saddr . tcp dport != { 10.1.0.5 . 22 } accept",
    "limit rate 5/second tcp dport 25 accept",
    "limit rate 6/minute burst 7 packets tcp dport 26 drop",
    "tcp dport 8000-8010 reject with tcp reset",
    "tcp dport 8020-8030 reject with tcp reset",
    "meta mark 0x1 ip protocol 47 accept",
    "tcp dport vmap { 22 : accept, 23 : drop }",
    "tcp dport vmap { 25 : accept, 26 : drop }",
    "ip saddr @known tcp dport 22 accept",
    "ip saddr @unknown tcp dport 22 accept",
    "tcp dport 22 nonsense accept",
    "ip 5 accept",
    "log counter packets 5 bytes 6 drop",
    "tcp dport 80 dnat ip to 10.9.0.1:8080",
    "tcp dport 81 dnat ip to 10.9.0.2:8081",
    "tcp dport 82 dnat ip to 10.9.0.1-10.9.0.7:8000-8010, random",
    "oifname eth1 ip saddr 10.1.0.5 snat ip to 10.9.0.3",
    "oifname eth1 ip saddr 10.1.0.6 snat ip to 10.9.0.4",
    "oifname eth1 ip saddr 10.1.0.7 snat ip to 310.9.0.4",
    "dnat ip to tcp dport map { 22 : 10.9.0.8, 23 : 10.9.0.9 }",
    "dnat ip to tcp dport map { 25 : 10.9.0.8, 26 : 10.9.0.9 }",
)


LINES = """table inet filter {
\tchain forward {
\t\ttype filter hook forward priority filter
\t\tpolicy drop
\t\tdefine INNER = 10.2.0.0/24
\t\tip saddr 10.1.0.1 \\
\t\ttcp dport 22 accept
\t\tip saddr 10.1.0.2 tcp dport 23 accept; ip saddr 10.1.0.3 \\
\t\ttcp dport 24 accept
\t\tip daddr $INNER drop
\t\tip saddr 10.1.0.4 accept comment "an end; # and {"
\t}
\tset chain {
\t\ttype ipv4_addr
\t\telements = { 10.1.0.6,
\t\t\t10.1.0.7,
\t\t\t10.1.0.8 }
\t}
}
"""


def test_a_line_is_a_rule_only_where_it_stands_alone() -> None:
    lines = [SourceLine("gate.conf", number, text) for number, text in enumerate(LINES.splitlines(), 1)]
    document = Document(lines)
    assert not document.unread
    assert not document.doubts()
    (chain,) = build(document, rules_shown=True).ruleset.chains.values()
    assert chain.base is not None
    assert not chain.base.accepts
    assert [[line.number for line in rule.sources] for rule in chain.rules] == [[6, 7], [8], [8, 9], [5, 10], [11]]
    assert [rule.comment for rule in chain.rules][-1] == "an end; # and {"
    assert {(low, high) for rule in chain.rules for match in rule.condition.matches for low, high in match.sources} >= {
        (0x0A010001 + number, 0x0A010001 + number) for number in range(4)
    }
    (table,) = document.tables.values()
    assert len(table.sets["chain"].elements) == 3


def meanings(rules: Sequence[str]) -> list[list[str]]:
    """Everything that each rule became, without its place."""
    head = (
        "table inet filter {",
        "set known { type ipv4_addr; flags constant; elements = { 10.1.0.5 }; }",
        "chain forward {",
    )
    texts = (*head, "type filter hook forward priority filter; policy drop;", *rules, "}", "}")
    lines = [SourceLine("gate.conf", number, text) for number, text in enumerate(texts, 1)]
    ruleset = build(Document(lines), rules_shown=False).ruleset
    found: list[list[str]] = [[] for _ in rules]
    for chain in ruleset.chains.values():
        for rule in chain.rules:
            number = int(rule.label.split()[1])
            verdict = "helper" if " part " in rule.verdict.chain else repr(rule.verdict)
            assert any(line.number == len(head) + 1 + number for line in rule.sources)
            found[number - 1].append(f"{verdict} {rule.condition!r} {rule.comment!r} {rule.logged}")
    return found


@pytest.mark.parametrize("rules", [RULES, RULES[::-1]], ids=["in order", "in reverse"])
def test_a_rule_among_others_means_what_it_means_alone(rules: Sequence[str]) -> None:
    together = meanings((*rules, *rules))
    alone = [meanings([rule])[0] for rule in rules]
    assert [rule for rule, found in zip(rules, alone, strict=True) if not found] == [IMPOSSIBLE]
    assert together == [*alone, *alone]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('\tiifname "a b" accept', [("iifname", Kind.WORD), ("a b", Kind.STRING), ("accept", Kind.WORD)]),
        ('comment " x " y', [("comment", Kind.WORD), (" x ", Kind.STRING), ("y", Kind.WORD)]),
        ("a  b\tc # d e", [("a", Kind.WORD), ("b", Kind.WORD), ("c", Kind.WORD)]),
        ('"#" a', [("#", Kind.STRING), ("a", Kind.WORD)]),
        ("{22,80}", [("{", Kind.SIGN), ("22", Kind.WORD), (",", Kind.SIGN), ("80", Kind.WORD), ("}", Kind.SIGN)]),
        ("a:b:c-d", [("a", Kind.WORD), (":", Kind.SIGN), ("b", Kind.WORD), (":", Kind.SIGN), ("c-d", Kind.WORD)]),
        ("2001:db8::1 00:00:5e:00:53:01", [("2001:db8::1", Kind.ADDRESS), ("00:00:5e:00:53:01", Kind.ADDRESS)]),
    ],
)
def test_tokens(text: str, expected: list[tuple[str, Kind]]) -> None:
    """The same when the line comes again, and its words are known."""
    lines = [SourceLine("gate.conf", number, text) for number in (1, 2)]
    made = tokens_of(lines, frozenset())
    found = [token for one in made.tokens for token in (made.written.expanded(one) if one.kind is Kind.LINE else [one])]
    told = [[(one.text, one.kind) for one in found if one.line is line and one.kind is not Kind.END] for line in lines]
    assert told == [expected, expected]
    for one in made.tokens:
        if one.kind is Kind.LINE:
            assert [(word.text, word.kind) for word in made.written.words(one.text)] == expected
