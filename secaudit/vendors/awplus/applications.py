"""`application` blocks and the applications that the product knows itself (AL-24, AL-27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from secaudit.network.intervals import ANY_BYTE, ANY_PORT, Intervals
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, PROTOCOLS_WITH_PORTS, TCP, UDP, Service
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.awplus.vocabulary import known_applications, names
from secaudit.vendors.common.ledger import Ledger, NotUnderstoodError
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.words import Words, whole_number

_INSPECTED = Text(
    ja="内容で判定するアプリケーション（DPI）のため、ポート番号からは判断できません",
    en="an application that is recognised by its content (DPI): ports do not tell it",
)
_MAYBE_PREDEFINED = Text(
    ja="このファイルに定義のないアプリケーションです。製品に定義済みの名前かどうかを確認できません",
    en="the application is not defined in this file, and whether the product knows it is not confirmed",
)
_UNCONFIRMED = Text(
    ja="定義済みアプリケーションのポート番号を確認できていません",
    en="the ports of this predefined application are not confirmed",
)
_LETTERS = Text(
    ja="大文字・小文字だけが異なるアプリケーションが定義されており、同じものを指すか確認できません",
    en="an application that differs in capital letters only is defined, and whether it is meant is not confirmed",
)
_PARTLY = Text(
    ja="アプリケーションの定義に読み取れない行があります", en="the application has lines that were not understood"
)


_WITHOUT_INSPECTION = frozenset(("no", "exit", "provider", "update-interval", "learning", "counters", "description"))
"""What begins lines of `dpi` that do not switch it on."""


class State(Enum):
    """Whether a rule with the application can act at all."""

    USABLE = "usable"
    UNDEFINED = "undefined"
    WITHOUT_PROTOCOL = "without protocol"


@dataclass(frozen=True, slots=True)
class Application:
    """What a name in a rule stands for. With a `doubt`, `services` are the most that it could be."""

    state: State
    services: tuple[Service, ...] = (ANY_SERVICE,)
    doubt: Text | None = None
    sources: Sources = ()


ANY_APPLICATION = Application(State.USABLE)


@dataclass(slots=True)
class _Definition:
    line: SourceLine
    protocol: int | None = None
    any_protocol: bool = False
    source_ports: Intervals = ANY_PORT
    destination_ports: Intervals = ANY_PORT
    icmp_types: Intervals = ANY_BYTE
    icmp_codes: Intervals = ANY_BYTE
    unread: bool = False
    lines: list[SourceLine] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Applications:
    """All applications of a device."""

    inspects: bool = False
    """DPI is on: names that are not defined in the file may be applications that it recognises."""
    _defined: dict[str, _Definition] = field(default_factory=dict)
    _in_small_letters: dict[str, _Definition] = field(default_factory=dict)

    def read(self, nodes: Sequence[Node], ledger: Ledger) -> None:
        """`application NAME` / ` protocol P` / ` sport A [to B]` / ` dport A [to B]` / ` icmp-type N`."""
        for node in nodes:
            if len(node.words) != 2:
                ledger.leave(node)
                continue
            held = self._defined.setdefault(node.words[1], _Definition(node.line))
            self._in_small_letters[node.words[1].lower()] = held
            ledger.use(node)
            for child in node.children:
                try:
                    _setting(child, held)
                except NotUnderstoodError:
                    held.unread = True
                    for one in (child, *child.below()):
                        ledger.leave_line(one.line)
                else:
                    held.lines.append(child.line)
                    ledger.use_all(child)

    def read_inspection(self, nodes: Sequence[Node], ledger: Ledger) -> None:
        """`dpi` / ` enable`."""
        for node in nodes:
            ledger.use_all(node)
            # A line that is not known may be the one that switches it on.
            self.inspects = self.inspects or any(child.keys[0] not in _WITHOUT_INSPECTION for child in node.children)

    def find(self, name: str) -> Application:
        """What a rule with this application is about.

        The product's own names are in lower case, so a name with a capital letter that is not defined is surely undefined.
        """
        if name.lower() == "any":
            return ANY_APPLICATION
        held = self._defined.get(name)
        if held is not None:
            return _built(held)
        similar = self._in_small_letters.get(name.lower())
        if similar is not None:
            return replace(_built(similar), state=State.USABLE, services=(ANY_SERVICE,), doubt=_LETTERS)
        known = known_applications()
        services = known.predefined.get(name.lower())
        if services is not None:
            sure = name.lower() == name and name not in known.unconfirmed
            return Application(State.USABLE, services if sure else _widened(services), None if sure else _UNCONFIRMED)
        if name in known.inspected or self.inspects:
            return Application(State.USABLE, (ANY_SERVICE,), _INSPECTED)
        if name != name.lower():
            return Application(State.UNDEFINED)
        return Application(State.USABLE, (ANY_SERVICE,), _MAYBE_PREDEFINED)


def _widened(services: tuple[Service, ...]) -> tuple[Service, ...]:
    """The same ports of TCP and UDP alike, where it is not sure which of them is meant."""
    return tuple(
        replace(one, protocols=((TCP, TCP), (UDP, UDP))) if one.destination_ports != ANY_PORT else one
        for one in services
    )


def _setting(node: Node, held: _Definition) -> None:
    words = Words(node.words, node.keys, 1)
    key = node.keys[0]
    if node.children:
        raise NotUnderstoodError("nothing stands below a setting")
    if key in ("description", "exit"):
        return
    if key in held.seen:
        raise NotUnderstoodError("a setting twice: which of them holds is not known")
    held.seen.add(key)
    if key == "protocol":
        _protocol(words, held)
    elif key in ("sport", "dport"):
        if words.skip("any"):
            ports: Intervals = ANY_PORT
        else:
            low = words.number(0, 65535)
            high = words.number(low, 65535) if words.skip("to") else low
            ports = ((low, high),)
        words.finish()
        if key == "sport":
            held.source_ports = ports
        else:
            held.destination_ports = ports
    elif key in ("icmp-type", "icmp-code"):
        number = words.number(0, 255)
        words.finish()
        if key == "icmp-type":
            held.icmp_types = ((number, number),)
        else:
            held.icmp_codes = ((number, number),)
    else:
        raise NotUnderstoodError(key)


def _protocol(words: Words, held: _Definition) -> None:
    word = words.take().lower()
    words.finish()
    if word in ("ip", "any"):
        held.any_protocol = True
        return
    number = names().protocols.get(word)
    held.protocol = whole_number(word, 0, 255) if number is None else number


def _built(held: _Definition) -> Application:
    sources = (held.line, *held.lines)
    if held.unread:
        # What was not understood may be the protocol, or another port.
        return Application(State.USABLE, (ANY_SERVICE,), _PARTLY, sources)
    if held.any_protocol:
        return Application(State.USABLE, (ANY_SERVICE,), None, sources)
    if held.protocol is None:
        return Application(State.WITHOUT_PROTOCOL, (), None, sources)
    number = held.protocol
    ported = number in PROTOCOLS_WITH_PORTS
    if not ported and (held.source_ports, held.destination_ports) != (ANY_PORT, ANY_PORT):
        return Application(State.USABLE, (ANY_SERVICE,), _PARTLY, sources)
    icmp = number in (ICMP, ICMPV6)
    if not icmp and (held.icmp_types, held.icmp_codes) != (ANY_BYTE, ANY_BYTE):
        return Application(State.USABLE, (ANY_SERVICE,), _PARTLY, sources)
    service = Service(((number, number),), held.destination_ports, held.source_ports, held.icmp_types, held.icmp_codes)
    return Application(State.USABLE, (service,), None, sources)
