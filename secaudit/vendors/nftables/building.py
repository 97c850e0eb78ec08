"""A document of nft commands as a netfilter ruleset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.interfaces import IPInterface
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.vendors.netfilter.ruleset import (
    BaseChain,
    Chain,
    ChainKey,
    Hook,
    Rule,
    Ruleset,
    VerdictKind,
)
from secaudit.vendors.nftables.document import ChainText, Document, TableText
from secaudit.vendors.nftables.items import word_of
from secaudit.vendors.nftables.meaning import Change, Meaning, meaning_of
from secaudit.vendors.nftables.names import names
from secaudit.vendors.nftables.plans import Plans
from secaudit.vendors.nftables.rules import MARKS
from secaudit.vendors.nftables.selectors import Reading
from secaudit.vendors.nftables.sets import Sets
from secaudit.vendors.nftables.tokens import Group, Item, Kind, Token, Written, lines_of

_SHOWN = 20
_HOOKS: Final = {hook.value: hook for hook in Hook}
_IP_FAMILIES = ("ip", "ip6", "inet")
_BOTH: Final[frozenset[Family]] = frozenset((4, 6))
_ROUTED_BY_MARK = (Hook.PREROUTING, Hook.OUTPUT)
_ACTING = frozenset(
    ("drop", "reject", "queue", "fwd", "dup", "tproxy", "synproxy", "set", "redirect", "snat", "dnat", "masquerade")
)
"""Words of rules that stop, move or rewrite packets."""

_LOWER_LAYER = Text(
    ja="arp・bridge・netdev（ingress）のチェーンがパケットを破棄または変更しますが、この層のフィルターは対応していません",
    en="chains of the families arp, bridge or netdev (ingress) drop or change packets; filters of that layer are not modelled",
)
_BAD_BASE = Text(
    ja="ベースチェーンの定義（type、hook、priority）を読み取れません",
    en="the definition of a base chain (type, hook, priority) was not understood",
)
_TWICE = Text(
    ja="同じベースチェーンが二度定義されています（出力が二回分含まれている可能性があり、どちらが現在の設定か判断できません）",
    en="a base chain is defined twice: the file may hold two outputs, and which of them is current cannot be told",
)
_UNDEFINED = Text(
    ja="定義されていないセットまたはマップを使うルールがあります",
    en="rules use a set or map that is not defined",
)


@dataclass(frozen=True, slots=True)
class Built:
    """The ruleset, and the lines of rules that were not understood."""

    ruleset: Ruleset
    unread: tuple[SourceLine, ...]


def build(document: Document, *, rules_shown: bool, own: tuple[IPInterface, ...] | None = None) -> Built:
    """Every table of the families that see IP packets; what acts on a lower layer is a doubt.

    `rules_shown`: it is known that no routing rule looks at marks. `own` are the addresses of the host, if they are known.
    """
    return _Building(document, rules_shown, own).build()


class _Building:
    def __init__(self, document: Document, rules_shown: bool, own: tuple[IPInterface, ...] | None) -> None:
        self._own = own
        self._document = document
        self._rules_shown = rules_shown
        self._chains: dict[ChainKey, Chain] = {}
        self._meanings: dict[ChainKey, Meaning] = {}
        self._unread: dict[SourceLine, None] = {}
        self._doubts: dict[tuple[DoubtKind, Text], dict[SourceLine, None]] = {}

    def build(self) -> Built:
        for table in self._document.tables.values():
            if table.dormant:
                continue
            if table.family in _IP_FAMILIES:
                self._table(table)
            else:
                self._lower_layer(table, table.chains.values())
        self._tell()
        sources = tuple(line for table in self._document.tables.values() for line in table.lines[:1])
        doubts = (
            *self._document.doubts(),
            *(Doubt(kind, text, tuple(lines)[:_SHOWN]) for (kind, text), lines in self._doubts.items()),
        )
        return Built(Ruleset(self._chains, _BOTH, sources, doubts), tuple(self._unread))

    def _doubt(self, kind: DoubtKind, text: Text, lines: Iterable[SourceLine]) -> None:
        self._doubts.setdefault((kind, text), {}).update(dict.fromkeys(lines))

    def _table(self, table: TableText) -> None:
        sets = Sets(table.sets, _changed(table, self._document.written), self._own)
        plans = Plans()
        for chain in table.chains.values():
            key = ChainKey(table.family, table.name, chain.name)
            base = self._base(table, chain)
            meaning = meaning_of(key, chain.rules, sets, plans, self._document)
            self._meanings[key] = meaning
            self._chains[key] = Chain(key, tuple(meaning.rules), tuple(chain.lines[:1]), base)
            for name, rules in meaning.helpers.items():
                helper = ChainKey(table.family, table.name, name)
                self._chains[helper] = Chain(helper, tuple(rules), tuple(chain.lines[:1]))

    # Base chains

    def _base(self, table: TableText, chain: ChainText) -> BaseChain | None:
        if not chain.base:
            return None
        words: dict[str, str] = {}
        priority: int | None = None
        lines: list[SourceLine] = []
        policy_lines: list[SourceLine] = []
        defined = [statement for statement in chain.base if word_of(statement[0]) == "type"]
        if len(defined) > 1:
            self._doubt(DoubtKind.UNREAD, _TWICE, [line for statement in defined for line in lines_of(statement)])
        for statement in chain.base:
            reading = Reading(statement)
            while reading.peek() is not None:
                word = reading.word()
                if word in ("type", "hook", "policy"):
                    value = reading.take(2)
                    words[word] = _text(value[-1])
                    (policy_lines if word == "policy" else lines).extend(lines_of(value))
                elif word == "priority":
                    reading.take()
                    priority = _priority(reading)
                elif word == "comment" or word in ("device", "devices", "flags"):
                    reading.take()
                    if reading.sign("="):
                        reading.take()
                    reading.take()
                    while reading.sign(","):
                        reading.take(2)
                else:
                    words["?"] = word or "?"
                    lines.extend(lines_of(reading.take()))
        hook = words.get("hook", "")
        if hook in ("ingress", "egress") and "?" not in words:
            self._lower_layer(table, (chain,))
            return None
        good = (
            hook in _HOOKS
            and words.get("type") in ("filter", "nat", "route")
            and words.get("policy", "accept") in ("accept", "drop")
            and priority is not None
            and "?" not in words
        )
        if not good or priority is None:
            told = lines or list(chain.lines[:1])
            self._doubt(DoubtKind.UNREAD, _BAD_BASE, told)
            self._unread.update(dict.fromkeys(told))
            return None
        return BaseChain(
            _HOOKS[hook],
            priority,
            words.get("policy", "accept") == "accept",
            words["type"] == "nat",
            tuple(dict.fromkeys(policy_lines or lines)),
        )

    def _lower_layer(self, table: TableText, chains: Iterable[ChainText]) -> None:
        """Chains below IP are harmless while they only count and accept. A chain that they jump to counts as theirs."""
        found: list[SourceLine] = []
        waiting = list(chains)
        seen = {chain.name for chain in waiting}
        while waiting:
            chain = waiting.pop()
            for items in (*chain.base, *chain.rules):
                words = _words(self._document.written.rule(items))
                if words & _ACTING:
                    found.extend(lines_of(items))
                for name in words & table.chains.keys() - seen:
                    seen.add(name)
                    waiting.append(table.chains[name])
                if any(word.startswith("@") for word in words) and "vmap" in words:
                    found.extend(lines_of(items))
        if found:
            self._doubt(DoubtKind.UNSUPPORTED, _LOWER_LAYER, sorted(set(found), key=lambda line: line.number))

    # What is to be told

    def _tell(self) -> None:
        """Doubts of rules; a chain that nothing calls does nothing."""
        for key, hooks in self._called().items():
            meaning = self._meanings.get(key)
            if meaning is None:
                continue
            for change in meaning.changes:
                self._tell_change(change, hooks)
            for sources in meaning.undefined:
                self._doubt(DoubtKind.UNDEFINED, _UNDEFINED, sources)
        for meaning in self._meanings.values():
            for sources in meaning.unread:
                self._unread.update(dict.fromkeys(sources))

    def _tell_change(self, change: Change, hooks: frozenset[Hook]) -> None:
        if change.doubt is MARKS and (self._rules_shown or not hooks & frozenset(_ROUTED_BY_MARK)):
            return
        self._doubt(DoubtKind.UNSUPPORTED, change.doubt, change.sources)

    def _called(self) -> Mapping[ChainKey, frozenset[Hook]]:
        """Every chain that some hook reaches, with the hooks."""
        found: dict[ChainKey, frozenset[Hook]] = {}
        waiting = [
            (key, frozenset((chain.base.hook,))) for key, chain in self._chains.items() if chain.base is not None
        ]
        while waiting:
            key, hooks = waiting.pop()
            held = found.get(key, frozenset())
            if hooks <= held and key in found:
                continue
            found[key] = held | hooks
            waiting.extend(
                (target, hooks) for target in _targets(key, self._chains[key].rules) if target in self._chains
            )
        return found


def _changed(table: TableText, written: Written) -> frozenset[str]:
    """The sets that rules add to or take from (`add @seen { ip saddr }`, `set add ip saddr @seen`)."""
    found: set[str] = set()
    for chain in table.chains.values():
        for rule in chain.rules:
            items = () if _names_no_set(rule) else written.rule(rule)
            if not [item for item in items if item.shape[0] == "@"]:
                continue
            words = [item.text if isinstance(item, Token) and item.kind is Kind.WORD else "" for item in items]
            names = {word[1:] for word in words if word.startswith("@")}
            after = {
                later[1:] for word, later in pairwise(words) if word in ("add", "update", "delete") and later[:1] == "@"
            }
            found |= names if not after and words[:2] in (["set", "add"], ["set", "update"]) else after
    return frozenset(found)


def _names_no_set(rule: tuple[Item, ...]) -> bool:
    """Of a rule that is a line: a look at its text tells it."""
    first = rule[0]
    return isinstance(first, Token) and first.kind is Kind.LINE and "@" not in first.text


def _targets(key: ChainKey, rules: Sequence[Rule]) -> set[ChainKey]:
    return {
        ChainKey(key.family, key.table, rule.verdict.chain)
        for rule in rules
        if rule.verdict.kind in (VerdictKind.JUMP, VerdictKind.GOTO)
    }


def _text(item: Item) -> str:
    return item.text if isinstance(item, Token) else ""


def _priority(reading: Reading) -> int | None:
    """`-150`, `filter`, `mangle - 5` (the names of the family ip; `man nft`, table of standard priorities)."""
    negative = reading.sign("-")
    if negative or reading.sign("+"):
        reading.take()
    first = _level(reading)
    if first is None:
        return None
    value = -first if negative else first
    while reading.sign("+", "-"):
        sign = reading.take()[0]
        more = _level(reading)
        if more is None:
            return None
        value += -more if isinstance(sign, Token) and sign.is_sign("-") else more
    return value


def _level(reading: Reading) -> int | None:
    item = reading.peek()
    if not isinstance(item, Token) or item.kind is Kind.SIGN:
        return None
    reading.take()
    if item.text.isascii() and item.text.isdecimal() and len(item.text) <= 10:
        return int(item.text)
    return names("priorities").get(item.text)


def _words(items: Iterable[Item]) -> set[str]:
    found: set[str] = set()
    waiting = list(items)
    while waiting:
        item = waiting.pop()
        if isinstance(item, Group):
            waiting.extend(item.items)
        elif item.kind is Kind.WORD:
            found.add(item.text)
    return found
