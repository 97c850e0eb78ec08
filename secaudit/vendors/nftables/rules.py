"""One rule as written, into its parts (`man nft`, STATEMENTS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from secaudit.network.filters import Certainty
from secaudit.text.bilingual import Text
from secaudit.vendors.netfilter.ruleset import Verdict, VerdictKind
from secaudit.vendors.nftables.selectors import Reading, Selector, selectors
from secaudit.vendors.nftables.syntax import (
    Changes,
    Does,
    Log,
    Narrowing,
    NotUnderstood,
    Part,
    Test,
    Translate,
    VerdictMap,
)
from secaudit.vendors.nftables.tokens import Group, Item, Kind, Token
from secaudit.vendors.nftables.values import ValueType

_RATE = Text(
    ja="流量や回数の制限（limit、quota など）があり、一致するかどうかは通信量によります",
    en="a limit of rate or number decides whether the rule matches",
)
_UPDATE = Text(
    ja="セットを更新する文（add/update @set）があり、一致するかどうかはその時の内容によります",
    en="the rule updates a set, and whether it matches depends on what the set holds then",
)
MARKS = Text(
    ja="パケットに印（mark）を付けるルールがあり、`ip rule` の出力がないため、別の経路表で転送される可能性を否定できません",
    en="packets are marked and the output of `ip rule` is not in the file, so another routing table may forward them",
)
_HELPER = Text(
    ja="接続追跡ヘルパー（ct helper、ct expectation）により、ルールにない追加の接続が許可されるおそれがあります",
    en="a connection tracking helper (ct helper, ct expectation) may let further connections through",
)
_REWRITES = Text(
    ja="パケットの内容を書き換えるルール（set）があり、その影響を判断できません",
    en="a rule rewrites packets (set) in a way that is not modelled",
)
_COPIES = Text(
    ja="パケットを複製または転送する文（dup、fwd）があり、フィルターを通らない経路になります",
    en="a rule copies or redirects packets (dup, fwd) past the filters",
)

_VERDICTS: Final = {
    "accept": VerdictKind.ACCEPT,
    "drop": VerdictKind.DROP,
    "return": VerdictKind.RETURN,
    "continue": VerdictKind.CONTINUE,
}
_JUMPS: Final = {"jump": VerdictKind.JUMP, "goto": VerdictKind.GOTO}
_RESERVED: Final = frozenset((*_VERDICTS, *_JUMPS, "counter", "log", "limit", "reject", "queue"))
"""Words that begin a statement: never the value of a test."""
_OPERATORS: Final = {"==": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!": "!"}
_WORD_OPERATORS: Final = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_JOINS = (",", "-", "/", "|", "&", ".", "^")
_NAT_FLAGS = ("random", "fully-random", "persistent")
_HARMLESS_SET = (
    "meta priority",
    "meta nftrace",
    "meta secmark",
    "ct mark",
    "ct label",
    "ct event",
    "ct timeout",
    "ct secmark",
    "ip dscp",
    "ip ecn",
    "ip ttl",
    "ip6 dscp",
    "ip6 ecn",
    "ip6 hoplimit",
    "ip6 flowlabel",
    "tcp option",
)
"""What a rule may write without a change of what gets where (`meta mark` is judged by its hook, see `MARKS`)."""


@dataclass(frozen=True, slots=True)
class ParsedRule:
    """The parts of a rule, in order, and where its comment is."""

    parts: tuple[Part, ...]
    comment_at: int | None = None


def parse(items: tuple[Item, ...]) -> ParsedRule:
    """Reads a rule. What is not understood ends it with `NotUnderstood`."""
    reading = Reading(items)
    parts: list[Part] = []
    comment: int | None = None
    ended = False
    while (item := reading.peek()) is not None:
        if reading.word() == "comment" and reading.peek(1) is not None:
            comment = reading.at + 1
            reading.take(2)
            continue
        if ended:
            return ParsedRule((NotUnderstood(),), comment)
        found = _statement(reading, item)
        if found is None:
            return ParsedRule((*parts, NotUnderstood()), comment)
        parts.extend(found)
        ended = any(isinstance(one, Does | Translate | VerdictMap) for one in found) and _ends(found[-1])
    return ParsedRule(tuple(parts), comment)


def _ends(part: Part) -> bool:
    return not (isinstance(part, Does) and part.verdict.kind in (VerdictKind.NOTRACK, VerdictKind.ZONE))


def verdict_of(items: tuple[Item, ...]) -> Verdict | None:
    """`accept`, `jump CHAIN`: the verdict of a rule or of an element of a verdict map."""
    words = [item.text for item in items if isinstance(item, Token) and item.kind in (Kind.WORD, Kind.STRING)]
    if len(words) != len(items) or not words:
        return None
    if len(words) == 1 and words[0] in _VERDICTS:
        return Verdict(_VERDICTS[words[0]])
    if len(words) == 2 and words[0] in _JUMPS:
        return Verdict(_JUMPS[words[0]], words[1])
    return None


def _statement(reading: Reading, item: Item) -> tuple[Part, ...] | None:
    word = reading.word()
    if word in _VERDICTS or word in _JUMPS:
        verdict = verdict_of(reading.take(2 if word in _JUMPS else 1))
        return None if verdict is None else (Does(verdict),)
    match word:
        case "counter":
            return _counter(reading)
        case "log":
            return _log(reading)
        case "limit" | "quota":
            return _limit(reading)
        case "last":
            reading.take()
            if reading.word() == "used":
                reading.take(2)
            return ()
        case "reject":
            return _reject(reading)
        case "notrack":
            reading.take()
            return (Does(Verdict(VerdictKind.NOTRACK)),)
        case "snat" | "dnat" | "masquerade" | "redirect":
            return _translation(reading)
        case "queue" | "tproxy" | "synproxy":
            reading.rest()
            return (Does(Verdict(VerdictKind.UNKNOWN)),)
        case "dup" | "fwd":
            reading.rest()
            return (Changes(_COPIES),)
        case "flow":
            reading.take(3)  # only packets of connections that the rules have let through
            return ()
        case "add" | "update" | "delete" | "meter":
            return _set_update(reading)
        case "set":
            return _old_set_update(reading)
        case "ct" if reading.word(1) == "count":
            reading.take(3 if reading.word(2) == "over" else 2)
            reading.take()
            return (Narrowing(Certainty.SOMETIMES, _RATE),)
        case _:
            return _test(reading)


def _counter(reading: Reading) -> tuple[Part, ...]:
    reading.take()
    if reading.word() == "packets":
        reading.take(4)
    elif reading.word() == "name":
        reading.take(2)
    return ()


def _log(reading: Reading) -> tuple[Part, ...]:
    reading.take()
    while reading.word() in ("prefix", "group", "level", "snaplen", "queue-threshold", "flags"):
        if reading.word() == "flags":
            reading.take()
            while reading.word() in ("all", "tcp", "ip", "sequence", "options", "skuid", "ether") or reading.sign(","):
                reading.take()
        else:
            reading.take(2)
    return (Log(),)


def _limit(reading: Reading) -> tuple[Part, ...]:
    reading.take()
    words = (
        "rate",
        "over",
        "until",
        "burst",
        "packets",
        "bytes",
        "kbytes",
        "mbytes",
        "gbytes",
        "used",
        "name",
        "second",
        "minute",
        "hour",
        "day",
        "week",
    )
    if reading.word() == "name":
        reading.take(2)
        return (Narrowing(Certainty.SOMETIMES, _RATE),)
    while reading.word() and (all(one in words for one in reading.word().split("/")) or reading.word()[0].isdecimal()):
        reading.take()
        if reading.sign("/"):
            reading.take()
    return (Narrowing(Certainty.SOMETIMES, _RATE),)


def _reject(reading: Reading) -> tuple[Part, ...]:
    """`reject with tcp reset` asks for TCP, `with icmp` for IPv4, `with icmpv6` for IPv6: nft adds these tests (seen with --debug=netlink)."""
    token = reading.take()[0]
    requires: tuple[Test, ...] = ()
    if reading.word() == "with":
        kind = reading.word(1)
        reading.take(2)
        if kind != "tcp" and reading.word() == "type":
            reading.take()
        reading.take()
        assert isinstance(token, Token)
        if kind == "tcp":
            requires = (_implied("meta l4proto", ValueType.PROTOCOL, "protocols", "tcp", token),)
        elif kind in ("icmp", "icmpv6"):
            family = "ipv4" if kind == "icmp" else "ipv6"
            requires = (_implied("meta nfproto", ValueType.FAMILY, "family", family, token),)
    return (Does(Verdict(VerdictKind.REJECT), requires),)


def _implied(name: str, type_: ValueType, field: str, value: str, token: Token) -> Test:
    return Test((Selector(name, type_, field),), (), "==", (Token(Kind.WORD, value, value, token.line),))


def _translation(reading: Reading) -> tuple[Part, ...]:
    kind = reading.word()
    reading.take()
    family = (
        reading.word() if reading.word() in ("ip", "ip6") and reading.word(1) in ("to", "prefix", "addr", "") else ""
    )
    if family:
        reading.take()
    prefix = reading.word() == "prefix"
    if prefix:
        reading.take()
    if reading.word() == "addr":  # `dnat ip addr . port to ...`, as nftables 0.9.4 to 0.9.8 wrote it
        reading.take(3)
    if reading.word() == "to":
        reading.take()
    found: list[tuple[int, Item]] = []
    random = False
    while (item := reading.peek()) is not None and reading.word() != "comment":
        if reading.word() in _NAT_FLAGS:
            random = random or reading.word() != "persistent"
            while found and isinstance(last := found[-1][1], Token) and last.is_sign(","):
                found.pop()
        else:
            found.append((reading.at, item))
        reading.take()
    items, places = tuple(item for _, item in found), tuple(place for place, _ in found)
    return (Translate(kind, family, items, prefix, random, places),)


def _set_update(reading: Reading) -> tuple[Part, ...] | None:
    """`add @set { ip saddr timeout 5m }`, `meter name { ip saddr limit rate over 10/second }`."""
    while not isinstance(reading.peek(), Group):
        if reading.peek() is None:
            return None
        reading.take()
    reading.take()
    return (Narrowing(Certainty.SOMETIMES, _UPDATE),)


def _old_set_update(reading: Reading) -> tuple[Part, ...] | None:
    """`set add ip saddr @name`, as old versions wrote it."""
    while reading.peek() is not None:
        item = reading.take()[0]
        if isinstance(item, Token) and item.kind is Kind.WORD and item.text.startswith("@"):
            return (Narrowing(Certainty.SOMETIMES, _UPDATE),)
    return None


def _test(reading: Reading) -> tuple[Part, ...] | None:
    key = selectors(reading)
    if not key:
        return None
    if key == (Selector("xt match"),):
        return (Test(key, (), "", ()),)
    mask: tuple[Item, ...] = ()
    if reading.word() == "map":
        reading.take(2)
        key = (Selector("map"),)
    if reading.sign("&") or reading.word() == "and":
        reading.take()
        mask = reading.take()
        if reading.sign("|", "&", "^"):
            return None  # without brackets the operators bind from left to right: not a plain mask
    if reading.word() == "set":
        return _change(reading, key)
    if reading.word() == "vmap":
        taken = reading.take(2)
        return (VerdictMap(key, mask, taken[1]),) if len(taken) == 2 else None
    if reading.word() in ("exists", "missing"):
        return (Test(key, mask, "", reading.take(), reading.at - 1),)
    operator = ""
    item = reading.peek()
    if isinstance(item, Token) and item.kind is Kind.SIGN and item.text in _OPERATORS:
        operator = _OPERATORS[item.text]
        reading.take()
    elif reading.word() in _WORD_OPERATORS:
        operator = _WORD_OPERATORS[reading.word()]
        reading.take()
    start = reading.at
    values = _values(reading)
    return (Test(key, mask, operator, values, start),) if values else None


def _values(reading: Reading) -> tuple[Item, ...]:
    """`22`, `a-b`, `a/24`, `a,b`, `a . b`, `{ ... }`, `@set`, `syn / syn,ack`; `*`."""
    if reading.word() in _RESERVED:
        return ()
    items = list(reading.take())
    if items and isinstance(items[0], Token) and items[0].kind is Kind.SIGN and not items[0].is_sign("*"):
        return ()
    while reading.sign(*_JOINS) and reading.peek(1) is not None:
        items.extend(reading.take(2))
    return tuple(items)


def _change(reading: Reading, key: tuple[Selector, ...]) -> tuple[Part, ...] | None:
    """`KEY set VALUE`; the value may be an expression of its own. Tests behind it still count, so its end must be sure."""
    reading.take()
    if selectors(reading):
        while reading.word() in ("and", "or", "xor", "lshift", "rshift", "map") or reading.sign(
            "&", "|", "^", "<<", ">>"
        ):
            reading.take(2)
    elif not _values(reading):
        return None
    name = key[0].name
    if name == "meta mark":
        return (Changes(MARKS),)
    if name in _HARMLESS_SET:
        return ()
    if name in ("ct helper", "ct expectation"):
        return (Changes(_HELPER),)
    return (Does(Verdict(VerdictKind.ZONE)) if name == "ct zone" else Changes(_REWRITES),)
