"""Access lists, static and dynamic, for both address families (B.3, B.4).

A static list is looked at in the order in which its entries were entered; they can only be appended (NE-10). By itself it does nothing (NE-13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.matches import (
    AH,
    ANY_IPV4_PACKET,
    ANY_IPV6_PACKET,
    ANY_SERVICE,
    ESP,
    TCP,
    UDP,
    Family,
    Match,
    Service,
)
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.permit_sets import PermitSet, permitted
from secaudit.vendors.common.words import Words
from secaudit.vendors.nec_ix.access_entries import ACTIONS, Entry, addresses, read_entry, read_selection

_NAME = 2
"""Where the name of a list stands in its lines."""
_MOST_EVIDENCE = 50
_MOST_EDITS = 500
"""`no ip access-list NAME ENTRY` of one list: each looks at the whole list."""
_LIST_OPTIONS = frozenset(("optimize", "nocache"))
_PLAIN_TRIGGERS = {"tcp": TCP, "udp": UDP}
_UNREAD_ENTRY = Text(
    ja="この行を読み取れないため、何を許可・拒否するか分かりません",
    en="this entry was not understood: it could permit or deny anything",
)
_UNSORTED = Text(
    ja="シーケンス番号が書かれた順になっておらず、どの順に評価されるか確認できません",
    en="the sequence numbers are not in the order of the lines; in which order they are looked at is not confirmed",
)
_MORE_TRIGGERS = Text(
    ja="ダイナミックアクセスリストの追加の指定はモデル化していません",
    en="what else a dynamic access list opens is not modelled",
)
_APPLICATION = Text(
    ja="アプリケーションを指定したダイナミックアクセスリストは、データ用の接続を双方向に開くことがあります",
    en="a dynamic access list for an application may open connections for data in both directions",
)
_CACHE_SETTING = Text(
    ja="アクセスリストのキャッシュ・タイマー・入力方法の設定で、何を許可・拒否するかは変わりません",
    en="cache, timers or mode of entry of access lists; what they permit and deny stays the same",
)


@dataclass(slots=True)
class AccessList:
    """A static list. `lines` is in the order in which the device tries them once `finish` was called."""

    name: str
    family: Family
    definition: SourceLine
    entries: list[tuple[Entry | None, SourceLine]] = field(default_factory=list)
    lines: tuple[FilterLine, ...] = ()
    _edits: int = 0
    _permitted: PermitSet | None = None

    @property
    def evidence(self) -> Sources:
        """The lines that say what the list selects; only its first line when it is long."""
        if len(self.lines) > _MOST_EVIDENCE:
            return (self.definition,)
        return tuple(dict.fromkeys((self.definition, *(line.sources[0] for line in self.lines))))

    def permitted(self) -> PermitSet:
        """What the list permits, for its use as a condition."""
        if self._permitted is None:
            self._permitted = permitted(self.lines)
        return self._permitted

    def remove(self, identity: tuple[str, ...]) -> bool:
        """Takes out the entry with these words; False when there is none."""
        self._edits += 1
        if self._edits > _MOST_EDITS:
            return False
        left = [one for one in self.entries if one[0] is None or one[0].identity != identity]
        found = len(left) < len(self.entries)
        self.entries = left
        return found

    def finish(self, ledger: Ledger, denials_logged: bool) -> None:
        """Makes the lines."""
        numbers = [entry.sequence for entry, _ in self.entries if entry is not None and entry.sequence is not None]
        unsorted = any(left >= right for left, right in pairwise(numbers))
        unsorted = unsorted or 0 < len(numbers) < len(self.entries)
        lines: list[FilterLine] = []
        everything: SourceLine | None = None
        for position, (entry, source) in enumerate(self.entries, 1):
            line = _line(f"{self.name} {position}", entry, source, self.family, denials_logged)
            if unsorted and line.certainty is Certainty.ALWAYS:
                line = replace(line, certainty=Certainty.UNCERTAIN, doubt=_UNSORTED)
            if everything is not None:
                _dead(self.name, source, everything, ledger)
            elif line.certainty is Certainty.ALWAYS and line.action is not Action.UNKNOWN and _is_everything(line):
                everything = source
            if entry is not None and ("50" in entry.identity or "51" in entry.identity):
                _protocol_as_port(entry, source, ledger)
            lines.append(line)
        self.lines = tuple(lines)


def _line(label: str, entry: Entry | None, source: SourceLine, family: Family, denials_logged: bool) -> FilterLine:
    if entry is None:
        every = (any_packet(family),)
        return FilterLine(label, Action.UNKNOWN, every, (source,), Certainty.UNCERTAIN, _UNREAD_ENTRY)
    logged = denials_logged and entry.action is Action.DENY
    return FilterLine(label, entry.action, entry.matches, (source,), entry.certainty, entry.doubt, logged)


def any_packet(family: Family) -> Match:
    """Every packet of an address family."""
    return ANY_IPV4_PACKET if family == 4 else ANY_IPV6_PACKET


def _is_everything(line: FilterLine) -> bool:
    (match,) = line.matches
    whole = any_packet(match.family)
    return (
        match.sources == whole.sources and match.destinations == whole.destinations and match.services == whole.services
    )


def _dead(name: str, source: SourceLine, everything: SourceLine, ledger: Ledger) -> None:
    """NE-10: an entry that was added after one for every packet never acts."""
    ledger.notice(
        NoticeKind.INACTIVE,
        Text(
            ja=f"アクセスリスト {name} では、すべてのパケットに一致する行（{everything.number} 行目）の後に追加されており、評価されません",
            en=f"in access list {name} this entry stands after one that matches every packet (line {everything.number}): it never acts",
        ),
        (source, everything),
    )


def _protocol_as_port(entry: Entry, source: SourceLine, ledger: Ledger) -> None:
    """NE-16: `tcp ... dport eq 50` written to mean ESP, which is protocol 50."""
    for match in entry.matches:
        for service in match.services:
            if service.protocols not in (((TCP, TCP),), ((UDP, UDP),)):
                continue
            for number in (ESP, AH):
                if service.destination_ports == ((number, number),):
                    ledger.notice(
                        NoticeKind.INACTIVE,
                        Text(
                            ja=f"ポート番号 {number} が指定されていますが、IPsec（ESP・AH）はプロトコル番号 {number} です。この行は IPsec には効きません",
                            en=f"port {number} is named, but {number} is the number of a protocol of IPsec: the entry has no effect on it",
                        ),
                        (source,),
                    )


@dataclass(frozen=True, slots=True)
class Trigger:
    """One line of a dynamic list: the packets that pass and open a cache entry. `list_name`: those that a static list permits.

    `back` are packets that may be let in from the other side as well (connections for data), in the direction of the first packet.
    """

    sources: Sources
    matches: tuple[Match, ...] = ()
    list_name: str | None = None
    action: Action = Action.PERMIT
    doubt: Text | None = None
    back: tuple[Match, ...] = ()


@dataclass(slots=True)
class DynamicList:
    """`ip access-list dynamic NAME ...` (B.4)."""

    name: str
    family: Family
    definition: SourceLine
    triggers: list[Trigger] = field(default_factory=list)


@dataclass(slots=True)
class Lists:
    """Every list of a device by family and name."""

    static: dict[tuple[Family, str], AccessList] = field(default_factory=dict)
    dynamic: dict[tuple[Family, str], DynamicList] = field(default_factory=dict)

    def get(self, family: Family, name: str) -> AccessList | None:
        """A static list that has entries."""
        found = self.static.get((family, name))
        return found if found is not None and found.entries else None


def read_access_lists(nodes: Sequence[Node], ledger: Ledger, denials_logged: bool) -> Lists:
    """Reads `ip access-list` and `ipv6 access-list`, and the lines that take entries away again."""
    lists = Lists()
    for node in nodes:
        negated = node.keys[0] == "no"
        offset = 1 if negated else 0
        family: Family = 6 if node.keys[offset] == "ipv6" else 4
        words = Words(node.words, node.keys, offset + _NAME)
        try:
            if node.children:
                raise NotUnderstoodError("nothing stands below an entry")
            if words.peek() == "dynamic":
                _dynamic(words, node, family, lists, ledger, negated)
            else:
                _static(words, node, family, lists, ledger, negated)
        except NotUnderstoodError:
            ledger.leave(node)
    for access_list in lists.static.values():
        access_list.finish(ledger, denials_logged)
    return lists


def _static(words: Words, node: Node, family: Family, lists: Lists, ledger: Ledger, negated: bool) -> None:
    name = words.take()
    following = words.peek()
    if following not in ACTIONS and not following.isdigit():
        _setting(words, node, ledger, name, negated, lists, family)
        return
    if name.lower() == "cache" and len(words.keys) == words.position + 1:
        ledger.ignore(node, _CACHE_SETTING)  # `ip access-list cache 1024`
        return
    if negated:
        held = lists.static.get((family, name))
        if held is None or not held.remove(read_entry(words, family).identity):
            raise NotUnderstoodError("no such entry")
        ledger.use(node)
        return
    held = lists.static.get((family, name))
    if held is None:
        held = lists.static[family, name] = AccessList(name, family, node.line)
    try:
        held.entries.append((read_entry(words, family), node.line))
    except NotUnderstoodError:
        held.entries.append((None, node.line))
        ledger.leave_line(node.line)
        return
    ledger.use(node)


def _setting(words: Words, node: Node, ledger: Ledger, name: str, negated: bool, lists: Lists, family: Family) -> None:
    """`NAME option optimize`, `cache ...`, `sequence-mode`, and `no ip access-list NAME`."""
    if words.skip("option"):
        if words.take().lower() not in _LIST_OPTIONS:
            raise NotUnderstoodError("option of a list")
        words.finish()
        ledger.ignore(node, _CACHE_SETTING)
    elif name.lower() in ("cache", "sequence-mode"):
        ledger.ignore(node, _CACHE_SETTING)
    elif negated and not words and lists.static.pop((family, name), None) is not None:
        ledger.use(node)
    else:
        raise NotUnderstoodError("not an entry")


def _dynamic(words: Words, node: Node, family: Family, lists: Lists, ledger: Ledger, negated: bool) -> None:
    """`dynamic NAME access LIST`, `dynamic NAME PROTOCOL src A dest A`; `dynamic cache N` and `dynamic timer ...` are settings."""
    words.take()
    name = words.take()
    if name.lower() in ("cache", "timer"):
        ledger.ignore(node, _CACHE_SETTING)
        return
    if negated:
        if words or lists.dynamic.pop((family, name), None) is None:
            raise NotUnderstoodError("only a whole dynamic list is removed")
        ledger.use(node)
        return
    held = lists.dynamic.get((family, name))
    if held is None:
        held = lists.dynamic[family, name] = DynamicList(name, family, node.line)
    try:
        held.triggers.append(_trigger(words, node, family))
    except NotUnderstoodError:
        held.triggers.append(
            Trigger((node.line,), (any_packet(family),), None, Action.UNKNOWN, _UNREAD_ENTRY, (any_packet(family),))
        )
        ledger.leave_line(node.line)
        return
    ledger.use(node)


def _trigger(words: Words, node: Node, family: Family) -> Trigger:
    sources = (node.line,)
    if words.skip("access"):
        name = words.take()
        return Trigger(sources, list_name=name, doubt=_MORE_TRIGGERS if words else None)
    word = words.peek()
    if word in _PLAIN_TRIGGERS:
        matches = read_selection(words, family)
        words.finish()
        return Trigger(sources, matches)
    words.take()
    if not words.skip("src"):
        raise NotUnderstoodError("src is missing")
    senders = addresses(words.take(), family)
    if not words.skip("dest"):
        raise NotUnderstoodError("dest is missing")
    receivers = addresses(words.take(), family)
    words.finish()
    opening = Match(family, senders, receivers, (ANY_SERVICE,))
    back = Match(family, receivers, senders, _DATA_SERVICES)
    return Trigger(sources, (opening,), doubt=_APPLICATION, back=(back,))


_DATA_SERVICES = (Service(((TCP, TCP),)), Service(((UDP, UDP),)))


def unused_lists(lists: Lists, words: set[str], ledger: Ledger) -> None:
    """A notice for every list that nothing names; `words` is every word outside the definitions of static lists."""
    defined = [(name, held.definition) for (_, name), held in lists.static.items()]
    defined += [(name, held.definition) for (_, name), held in lists.dynamic.items()]
    for name, definition in defined:
        if name not in words:
            ledger.notice(
                NoticeKind.UNUSED_FILTER,
                Text(
                    ja=f"アクセスリスト {name} はどこからも使われていません",
                    en=f"access list {name} is not used anywhere",
                ),
                (definition,),
            )
