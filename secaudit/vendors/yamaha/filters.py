"""Reads `ip filter`, `ip filter dynamic`, `ip filter set`, `ip IF secure filter` and their IPv6 twins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from secaudit.network.device import DoubtKind, NoticeKind
from secaudit.network.filters import Action, Certainty
from secaudit.network.matches import Family
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.yamaha.addresses import filter_addresses
from secaudit.vendors.yamaha.commands import Command
from secaudit.vendors.yamaha.draft import (
    HIGHEST_FILTER_NUMBER,
    LONGEST_LIST,
    LONGEST_SET,
    Draft,
    DynamicDefinition,
    FilterDefinition,
    FilterList,
    Outcome,
    number_of,
    numbers_of,
)
from secaudit.vendors.yamaha.services import application_services, filter_services
from secaudit.vendors.yamaha.table import Handler

_ACTIONS: dict[str, tuple[Action, Certainty, bool]] = {
    "pass": (Action.PERMIT, Certainty.ALWAYS, False),
    "pass-log": (Action.PERMIT, Certainty.ALWAYS, True),
    "pass-nolog": (Action.PERMIT, Certainty.ALWAYS, False),
    "reject": (Action.DENY, Certainty.ALWAYS, True),
    "reject-log": (Action.DENY, Certainty.ALWAYS, True),
    "reject-nolog": (Action.DENY, Certainty.ALWAYS, False),
    "restrict": (Action.PERMIT, Certainty.SOMETIMES, False),
    "restrict-log": (Action.PERMIT, Certainty.SOMETIMES, True),
    "restrict-nolog": (Action.PERMIT, Certainty.SOMETIMES, False),
}
"""YA-31: `restrict` passes while the line is up; of its packets only the dropped ones are logged by default."""

_FIELDS_AFTER_NUMBER = 6


def _family(command: Command) -> Family:
    return 6 if command.words[0] == "ipv6" else 4


def _static(command: Command, draft: Draft) -> Outcome:
    """`ip filter N ACTION SRC [DST [PROTO [SPORT [DPORT]]]]` (YA-30..YA-38)."""
    family, words = _family(command), command.words
    number = number_of(words[2], HIGHEST_FILTER_NUMBER)
    if number is None:
        return Outcome.UNREAD
    known = draft.filters[family]
    if command.negated:
        known.pop(number, None)
        return Outcome.USED
    definition = _parse_static(family, number, command, draft)
    if number in known:
        _overwritten(draft, f"{words[0]} filter {number}", (known[number].line, command.line))
    known[number] = definition
    if definition.readable:
        return Outcome.USED
    draft.unread_definitions.extend((family, False, number, line) for line in command.sources)
    return Outcome.ACCOUNTED


def _inbound(command: Command, draft: Draft) -> Outcome:
    """`ip inbound filter N ACTION SRC ...` of FWX120 and SRT100: numbers of its own, written like `ip filter` (YA-66)."""
    family, words = _family(command), command.words
    number = number_of(words[3], HIGHEST_FILTER_NUMBER) if len(words) > 3 else None
    if number is None:
        return Outcome.UNREAD
    known = draft.inbound_filters[family]
    if command.negated:
        known.pop(number, None)
        return Outcome.USED
    definition = _parse_static(family, number, command, draft, 4)
    if number in known:
        _overwritten(draft, f"{words[0]} inbound filter {number}", (known[number].line, command.line))
    known[number] = definition
    if definition.readable:
        return Outcome.USED
    draft.mark_unread(command.sources, could_matter=True)  # what it does is unknown wherever a list names it
    return Outcome.ACCOUNTED


def _apply_inbound(command: Command, draft: Draft) -> Outcome:
    """`ip IF inbound filter list N...`: tried in that order ("policy_fw")."""
    family, words = _family(command), command.words
    name = draft.interface_name(words[1], command)
    if name is None or words[4:5] != ("list",):
        return Outcome.UNREAD
    interface = draft.interface(name)
    if command.negated:
        interface.inbound.pop(family, None)
        return Outcome.USED
    found = _parse_list(words[5:], command.sources, LONGEST_SET)
    interface.inbound[family] = found
    return Outcome.USED if found.readable else Outcome.UNREAD


def _parse_static(family: Family, number: int, command: Command, draft: Draft, start: int = 3) -> FilterDefinition:
    fields = command.words[start:]
    unreadable = FilterDefinition(number, command.line, readable=False)
    action = _ACTIONS.get(fields[0]) if fields else None
    if action is None or not 2 <= len(fields) <= _FIELDS_AFTER_NUMBER or draft.interval_budget <= 0:
        return unreadable
    source, destination, protocol, source_port, destination_port = (*fields[1:], *("*",) * (6 - len(fields)))
    from_addresses = filter_addresses(family, source)
    to_addresses = filter_addresses(family, destination)
    services = filter_services(family, protocol, source_port, destination_port)
    if from_addresses is None or to_addresses is None or services is None:
        return unreadable
    draft.interval_budget -= len(from_addresses.intervals) + len(to_addresses.intervals) + 8 * len(services.services)
    doubt = from_addresses.doubt or to_addresses.doubt or services.doubt
    kind, certainty, logged = action
    return FilterDefinition(
        number,
        command.line,
        True,
        kind,
        Certainty.UNCERTAIN if doubt is not None else certainty,
        logged,
        from_addresses.intervals,
        to_addresses.intervals,
        services.services,
        doubt,
    )


def _dynamic(command: Command, draft: Draft) -> Outcome:
    """`ip filter dynamic N SRC DST PROTO|filter L [in L] [out L] [syslog=..] [timeout=..]` (YA-50..YA-54)."""
    family, words = _family(command), command.words
    number = number_of(words[3], HIGHEST_FILTER_NUMBER) if len(words) > 3 else None
    if number is None:
        return Outcome.UNREAD
    known = draft.dynamics[family]
    if command.negated:
        known.pop(number, None)
        return Outcome.USED
    definition = _parse_dynamic(family, number, command)
    if number in known:
        _overwritten(draft, f"{words[0]} filter dynamic {number}", (known[number].line, command.line))
    known[number] = definition
    if definition.readable:
        return Outcome.USED
    draft.unread_definitions.extend((family, True, number, line) for line in command.sources)
    return Outcome.ACCOUNTED


def _parse_dynamic(family: Family, number: int, command: Command) -> DynamicDefinition:
    unreadable = DynamicDefinition(number, command.line, readable=False)
    fields = tuple(word for word in command.words[4:] if not word.startswith(("syslog=", "timeout=")))
    if len(fields) < 3:
        return unreadable
    from_addresses = filter_addresses(family, fields[0])
    to_addresses = filter_addresses(family, fields[1])
    if from_addresses is None or to_addresses is None:
        return unreadable
    base = DynamicDefinition(
        number,
        command.line,
        True,
        from_addresses.intervals,
        to_addresses.intervals,
        doubt=from_addresses.doubt or to_addresses.doubt,
    )
    if fields[2] != "filter":
        services = application_services(family, fields[2])
        return unreadable if services is None or len(fields) > 3 else replace(base, services=services)
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for word in fields[2:]:
        if word in ("filter", "in", "out"):
            current = parts.setdefault(word, [])
        else:
            current.append(word)
    numbers = {word: numbers_of(tuple(found)) for word, found in parts.items()}
    if not numbers["filter"] or any(found is None or len(found) > LONGEST_LIST for found in numbers.values()):
        return unreadable
    return replace(
        base,
        triggers=numbers["filter"] or (),
        opposite=numbers.get("in") or (),
        same=numbers.get("out") or (),
    )


def _set(command: Command, draft: Draft) -> Outcome:
    """`ip filter set NAME in|out N...` (YA-43)."""
    family, words = _family(command), command.words
    if len(words) < 4:
        return Outcome.UNREAD
    name = command.raw[3]
    sets = draft.filter_sets[family]
    if command.negated:
        if len(words) == 4:
            sets.pop(name, None)
        else:
            sets.get(name, {}).pop(words[4], None)
        return Outcome.USED
    if len(words) < 6 or words[4] not in ("in", "out"):
        return Outcome.UNREAD
    found = _parse_list(words[5:], command.sources, LONGEST_SET)
    previous = sets.setdefault(name, {}).get(words[4])
    if previous is not None:
        _overwritten(draft, f"{words[0]} filter set {name} {words[4]}", (previous.sources[0], command.line))
    sets[name][words[4]] = found
    if found.dynamics:
        draft.doubt(
            DoubtKind.UNSUPPORTED,
            Text(
                ja="フィルターセットの中の dynamic の扱いはマニュアルに書かれていません",
                en="`dynamic` inside a filter set is not documented",
            ),
            command.sources,
        )
    return Outcome.USED if found.readable else Outcome.UNREAD


def _apply(command: Command, draft: Draft) -> Outcome:
    """`ip IF secure filter in|out N... [dynamic N...]` and `ip IF secure filter name SET` (YA-40..YA-45)."""
    family, words = _family(command), command.words
    name = draft.interface_name(words[1], command)
    if name is None or len(words) < 5 or words[4] not in ("in", "out", "name"):
        return Outcome.UNREAD
    interface = draft.interface(name)
    if words[4] == "name":
        if command.negated:
            interface.set_names.pop(family, None)
        elif len(words) != 6:
            return Outcome.UNREAD
        else:
            interface.set_names[family] = (command.raw[5], command.line)
        return Outcome.USED
    key = (family, words[4])
    if command.negated:
        interface.lists.pop(key, None)
        return Outcome.USED
    found = _parse_list(words[5:], command.sources)
    previous = interface.lists.get(key)
    if previous is not None:
        _overwritten(draft, f"{name} secure filter {words[4]}", (previous.sources[0], command.line))
    interface.lists[key] = found
    return Outcome.USED if found.readable else Outcome.UNREAD


def _parse_list(words: tuple[str, ...], sources: Sources, longest: int = LONGEST_LIST) -> FilterList:
    """Static numbers, then the word `dynamic` and dynamic numbers: two name spaces (YA-50)."""
    position = words.index("dynamic") if "dynamic" in words else len(words)
    statics, dynamics = numbers_of(words[:position]), numbers_of(words[position + 1 :])
    if statics is None or dynamics is None or len(words) > longest + 1:
        return FilterList((), (), sources, readable=False)
    return FilterList(statics, dynamics, sources)


def _overwritten(draft: Draft, what: str, sources: Sources) -> None:
    text = Text(
        ja=f"{what} が2回設定されており、後の行が前の行を置き換えます",
        en=f"{what} is set twice; the later line replaces the earlier one",
    )
    draft.note(NoticeKind.OVERWRITTEN, text, sources)


def settle_definitions(draft: Draft) -> None:
    """Decides which unread definitions could matter: those that something refers to."""
    for family, dynamic, number, line in draft.unread_definitions:
        table = draft.dynamics if dynamic else draft.filters
        current = table[family].get(number)
        references = draft.referenced_dynamics if dynamic else draft.referenced
        decides = current is not None and not current.readable and current.line.number <= line.number
        draft.mark_unread((line,), decides and number in references[family])


def unused_filters(draft: Draft) -> None:
    """Notes the definitions that nothing refers to; many commands besides `secure filter` do (YA-39)."""
    families: tuple[tuple[Family, str], ...] = ((4, "ip"), (6, "ipv6"))
    for family, word in families:
        for number, definition in draft.filters[family].items():
            if number not in draft.referenced[family]:
                _unused(draft, f"{word} filter {number}", definition.line)
        for number, dynamic in draft.dynamics[family].items():
            if number not in draft.referenced_dynamics[family]:
                _unused(draft, f"{word} filter dynamic {number}", dynamic.line)


def _unused(draft: Draft, what: str, line: SourceLine) -> None:
    text = Text(ja=f"{what} はどこからも使われていません", en=f"{what} is not used anywhere")
    draft.note(NoticeKind.UNUSED_FILTER, text, (line,))


HANDLERS: Mapping[str, Handler] = {
    "ip|ipv6 filter *": _static,
    "ip|ipv6 filter dynamic": _dynamic,
    "ip|ipv6 filter set": _set,
    "ip|ipv6 * secure filter": _apply,
    "ip|ipv6 inbound filter": _inbound,
    "ip|ipv6 * inbound filter": _apply_inbound,
}
