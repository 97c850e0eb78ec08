"""The iptables reader: the text of a file in, a device and coverage out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secaudit.network.device import Doubt, DoubtKind
from secaudit.network.filters import Certainty
from secaudit.network.interfaces import IPInterface
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.iptables import NAME
from secaudit.vendors.iptables.ipsets import IpSets
from secaudit.vendors.iptables.options import Surroundings, parse
from secaudit.vendors.iptables.sections import NO_FAMILY, Sections, Table, read_sections
from secaudit.vendors.iptables.targets import Meaning, marks_doubt, meaning, plain_verdicts
from secaudit.vendors.netfilter.conversion import Identity, convert
from secaudit.vendors.netfilter.host import HostFacts, read_host
from secaudit.vendors.netfilter.ruleset import (
    BaseChain,
    Chain,
    ChainKey,
    Hook,
    Priority,
    Rule,
    Ruleset,
    State,
    VerdictKind,
)
from secaudit.vendors.reader import Coverage, ReadConfig, UnreadLine

_HOOKS: dict[tuple[str, str], int] = {
    ("raw", "PREROUTING"): Priority.RAW,
    ("raw", "OUTPUT"): Priority.RAW,
    **{("mangle", hook.name): Priority.MANGLE for hook in Hook},
    ("nat", "PREROUTING"): Priority.DESTINATION_NAT,
    ("nat", "INPUT"): Priority.SOURCE_NAT,
    ("nat", "OUTPUT"): Priority.DESTINATION_NAT,
    ("nat", "POSTROUTING"): Priority.SOURCE_NAT,
    **{("filter", hook.name): Priority.FILTER for hook in (Hook.INPUT, Hook.FORWARD, Hook.OUTPUT)},
    **{("security", hook.name): Priority.SECURITY for hook in (Hook.INPUT, Hook.FORWARD, Hook.OUTPUT)},
}
"""The built-in chains of each table and the priority of their hooks (kernel `iptable_*.c`)."""
_FAMILIES: dict[Family, str] = {4: "ip", 6: "ip6"}

_UNREAD = Text(
    ja="読み取れない行があり、通信の可否に影響するおそれがあります",
    en="lines were not understood and could change what is let through",
)
_CUT = Text(
    ja="COMMIT のない表があり、ファイルが途中で切れているおそれがあります",
    en="a table has no COMMIT, so the file may be cut off",
)
_TWICE = Text(
    ja="同じ表が2回あり、どちらが有効か判断できません",
    en="the same table is there twice; which of them is in force cannot be told",
)
_ELSEWHERE = Text(
    ja="このコマンドの出力に表示されない規則が機器にあります（もう一方の形式のコマンドの出力も提出してください）",
    en="the host has rules that this command does not show (submit the output of the other command as well)",
)
_NO_TABLES = Text(ja="iptables の表が1つもありません", en="there is no table of iptables in the file")
_NO_CHAIN = Text(
    ja="組み込みのチェインではないのに方針があり、読み取れません",
    en="a chain that is not built in has a policy, which was not understood",
)
_HELPER = Text(
    ja="接続追跡の補助機能（CT --helper）により、関連する新しい接続がこの行で許可されることがあります",
    en="with a connection tracking helper (CT --helper) this rule may let new, related connections through",
)


def read(text: ConfigText) -> ReadConfig:
    """Reads the whole file as one host."""
    host = read_host(text.lines)
    sets = IpSets()
    set_lines = [line for line in host.rest if sets.take(line)]
    taken = {line.number for line in set_lines}
    prompts = [line for line in text.lines if line.number in host.used and "tables" in line.text]
    sections = read_sections([line for line in host.rest if line.number not in taken], prompts)
    reading = _Reading(sections, sets, host)
    ruleset = reading.ruleset()
    identity = Identity(NAME, text.file, sections.version)
    devices = (convert(ruleset, host, identity),) if sections.tables else ()
    used = host.used | taken | sections.used | reading.used
    unread = {line.number: line for line in (*sections.unread, *reading.unread)}
    coverage = Coverage(
        frozenset(used - set(unread)),
        host.irrelevant,
        tuple(UnreadLine(line, could_matter=True) for _, line in sorted(unread.items())),
    )
    return ReadConfig(NAME, devices, coverage, () if devices else (_NO_TABLES,))


class _Reading:
    """From tables to a ruleset."""

    def __init__(self, sections: Sections, sets: IpSets, host: HostFacts) -> None:
        self._sections = sections
        self._host = host
        self._sets = sets
        self.used: set[int] = set()
        self.unread: list[SourceLine] = []
        self._doubts: list[Doubt] = []
        self._helpers = False
        self._marks: list[SourceLine] = []
        self._own: tuple[IPInterface, ...] | None = None
        if host.interfaces is not None:
            self._own = tuple(held.address for one in host.interfaces.values() for held in one.addresses)

    def ruleset(self) -> Ruleset:
        """All tables."""
        self._note_changing_sets()
        chains: dict[ChainKey, Chain] = {}
        seen: set[tuple[str, Family]] = set()
        for table in self._sections.tables:
            if table.family is None:
                self._doubt(DoubtKind.UNREAD, NO_FAMILY, table.lines)
                self.used |= {rule.line.number for rule in table.rules}
                continue
            if not table.committed:
                self._doubt(DoubtKind.TRUNCATED, _CUT, table.lines)
            if (table.name, table.family) in seen:
                self._doubt(DoubtKind.UNREAD, _TWICE, table.lines)
                self.used |= {rule.line.number for rule in table.rules}
                continue
            seen.add((table.name, table.family))
            chains |= {chain.key: chain for chain in self._chains(table, table.family)}
        if self._helpers:
            chains = {key: _with_related(chain) for key, chain in chains.items()}
        if self._sections.unread:
            self._doubt(DoubtKind.UNREAD, _UNREAD, self._sections.unread)
        if self._sections.incomplete:
            self._doubt(DoubtKind.TRUNCATED, _ELSEWHERE, self._sections.incomplete)
        if self._marks and not self._host.rules_shown:
            self._doubts.append(marks_doubt(tuple(self._marks)))
        return Ruleset(
            chains,
            frozenset(family for name, family in seen if name == "filter"),
            tuple(line for table in self._sections.tables for line in table.lines),
            tuple(self._doubts),
        )

    def _doubt(self, kind: DoubtKind, text: Text, lines: list[SourceLine]) -> None:
        self._doubts.append(Doubt(kind, text, tuple(lines)))

    def _note_changing_sets(self) -> None:
        """A set that a rule adds to is not what the file shows, whatever the order of the lines."""
        for table in self._sections.tables if self._sets else ():
            for rule in table.rules:
                for option in ("--add-set", "--del-set"):
                    if option in rule.words[:-1]:
                        self._sets.changes(rule.words[rule.words.index(option) + 1])

    def _chains(self, table: Table, family: Family) -> Iterator[Chain]:
        rules: dict[str, list[Rule]] = {name: [] for name in table.policies}
        for line in table.rules:
            rules.setdefault(line.chain, [])
        names = frozenset(rules)
        plain = plain_verdicts(names)
        around = Surroundings(family, self._sets, self._own)
        for line in table.rules:
            parsed = parse(line.words, around)
            own = (line.line,)
            sources: Sources = (*own, *dict.fromkeys(parsed.sources)) if parsed.sources else own
            into = rules[line.chain]
            label = f"{line.chain} {len(into) + 1}"
            verdict = None if parsed.goto or parsed.target is None else plain.get(parsed.target)
            understood, logged = not parsed.unread, False
            if verdict is not None:
                for condition in parsed.draft.conditions():
                    into.append(Rule(condition, verdict, sources, label, parsed.comment))
            else:
                found = meaning(parsed, family, line.chain, names, own)
                self._note(found, table, line.line)
                understood, logged = understood and found.understood, found.logged
                into += [Rule(one, does, sources, label, parsed.comment, logged) for one, does in found.verdicts]
            if understood:
                self.used.add(line.line.number)
            else:
                self.unread.append(line.line)
        for name, read in rules.items():
            policy = table.policies.get(name)
            sources = (table.lines[0],) if policy is None else (policy[1],)
            key = ChainKey(_FAMILIES[family], table.name, name)
            yield Chain(key, tuple(read), sources, self._base(table, name, policy))

    def _note(self, found: Meaning, table: Table, line: SourceLine) -> None:
        self._doubts += found.doubts
        self._helpers = self._helpers or found.helper
        if found.marks and table.name in ("mangle", "raw", "nat"):
            self._marks.append(line)

    def _base(self, table: Table, name: str, policy: tuple[str, SourceLine] | None) -> BaseChain | None:
        priority = _HOOKS.get((table.name, name))
        if priority is None:
            if policy is not None and policy[0] != "-":
                self._doubt(DoubtKind.UNREAD, _NO_CHAIN, [policy[1]])
            return None
        accepts = policy is None or policy[0] == "ACCEPT"
        sources = () if policy is None else (policy[1],)
        return BaseChain(Hook[name], priority, accepts, table.name == "nat", sources)


def _with_related(chain: Chain) -> Chain:
    """Behind every rule that accepts related packets: the connections that a helper would let it accept."""
    rules: list[Rule] = []
    for rule in chain.rules:
        rules.append(rule)
        states = rule.condition.states
        if states is not None and State.RELATED in states and rule.verdict.kind is VerdictKind.ACCEPT:
            condition = replace(
                rule.condition,
                states=frozenset((State.NEW,)),
                certainty=Certainty.UNCERTAIN,
                doubt=_HELPER,
            )
            rules.append(replace(rule, condition=condition))
    return replace(chain, rules=tuple(rules))
