"""Single fields of the audit folder's files: addresses, dates, ports, interfaces, with errors that say what to write."""

from __future__ import annotations

import datetime
import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from secaudit.errors import InputError
from secaudit.municipality.model import InterfaceRef, IPNetwork
from secaudit.text.bilingual import Text
from secaudit.text.dates import parse_date
from secaudit.text.yaml_document import YamlNode, shown
from secaudit.text.yaml_schema import joined

T = TypeVar("T")

PORT_MAX = 65535
PROTOCOLS_WITH_PORTS = ("tcp", "udp", "sctp")
ENOUGH_MISTAKES = 100
"""After this many nobody reads on, and looking for what was meant takes time."""

_MAC_SEPARATORS = str.maketrans("", "", ":-.")
_MAC = re.compile(r"[0-9a-f]{12}")
_MAC_SHAPE = re.compile(
    r"(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}"
)

DATE_HINT = Text(
    ja="2026-04-01、令和8年4月1日、R8.4.1 のどれかの形で書いてください。",
    en="Write it as 2026-04-01, 令和8年4月1日 or R8.4.1.",
)


@dataclass(slots=True)
class Mistakes:
    """Collects the mistakes of one file, so that all can be told at once."""

    errors: list[InputError] = field(default_factory=list)

    def add(self, error: InputError) -> None:
        """One more mistake."""
        self.errors.append(error)

    def attempt(self, read: Callable[[YamlNode], T], node: YamlNode) -> T | None:
        """What `read` makes of a field, or None when it is wrong, which is then noted."""
        try:
            return read(node)
        except InputError as error:
            self.add(error)
            return None

    def each(self, read: Callable[[YamlNode], T], node: YamlNode, key: str) -> tuple[T, ...]:
        """What `read` makes of every item of a list; wrong items are noted and left out."""
        values = (self.attempt(read, item) for item in node.items(key))
        return tuple(value for value in values if value is not None)

    def optional(self, read: Callable[[YamlNode], T], node: YamlNode, key: str) -> T | None:
        """What `read` makes of a field that may be missing."""
        found = node.get(key)
        return None if found is None else self.attempt(read, found)

    def raise_if_any(self) -> None:
        """Raises the first mistake by line, with the others listed."""
        if self.errors:
            raise joined(sorted(self.errors, key=lambda error: (error.line or 0, error.field or "")))


def network(node: YamlNode) -> IPNetwork:
    """A prefix, or one address as a prefix of full length."""
    text = node.as_text()
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        hint = Text(
            ja="10.10.0.0/16、10.10.1.5、2001:db8:1::/48 のように半角で書いてください。",
            en="Write it like 10.10.0.0/16, 10.10.1.5 or 2001:db8:1::/48.",
        )
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise node.error(
                Text(
                    ja=f"「{shown(text)}」はアドレスではありません。",
                    en=f"`{shown(text)}` is not an address or prefix.",
                ),
                hint,
            ) from error
        raise node.error(
            Text(
                ja=f"「{shown(text)}」はホスト部が 0 ではありません。",
                en=f"`{shown(text)}` has bits set behind its prefix length.",
            ),
            Text(
                ja=f"サブネットなら「{meant}」、1台なら「{text.partition('/')[0]}」と書きます。",
                en=f"Write `{meant}` for the subnet or `{text.partition('/')[0]}` for the one host.",
            ),
        ) from error


def date(node: YamlNode) -> datetime.date:
    """A date in either calendar."""
    text = node.as_text()
    try:
        return parse_date(text)
    except ValueError as error:
        raise node.error(
            Text(ja=f"「{shown(text)}」は日付として読めません。", en=f"`{shown(text)}` is not a date."), DATE_HINT
        ) from error


def ports(node: YamlNode) -> tuple[int, int]:
    """One port or a range, as an inclusive interval."""
    low, _, high = node.as_text().partition("-")
    first, last = int(low), int(high or low)
    if last > PORT_MAX or first > last:
        raise node.error(
            Text(
                ja=f"「{node.as_text()}」はポートの範囲ではありません。",
                en=f"`{node.as_text()}` is not a range of ports.",
            ),
            Text(
                ja="小さい番号-大きい番号（0 から 65535）の順に書きます。", en="Write LOW-HIGH, both from 0 to 65535."
            ),
        )
    return first, last


def mac_address(node: YamlNode) -> str:
    """A MAC address in any of the usual forms, as `00:00:5e:00:53:01`."""
    text = node.as_text()
    digits = text.lower().translate(_MAC_SEPARATORS)
    if _MAC_SHAPE.fullmatch(text) is None or _MAC.fullmatch(digits) is None:
        raise node.error(
            Text(ja=f"「{shown(text)}」は MAC アドレスではありません。", en=f"`{shown(text)}` is not a MAC address."),
            Text(
                ja="00:00:5e:00:53:01、00-00-5E-00-53-01、0000.5e00.5301 のどれかの形で書きます。",
                en="Write it as 00:00:5e:00:53:01, 00-00-5E-00-53-01 or 0000.5e00.5301.",
            ),
        )
    return ":".join(digits[index : index + 2] for index in range(0, 12, 2))


def interface(node: YamlNode) -> InterfaceRef:
    """`DEVICE:INTERFACE`; the schema has checked the shape."""
    device, _, name = node.as_text().partition(":")
    return InterfaceRef(device, name.strip())


def same_person(left: str, right: str) -> bool:
    """Whether two names are written alike, blanks and width of characters aside."""
    return _compact(left) == _compact(right)


def _compact(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def check_order(
    mistakes: Mistakes, node: YamlNode, first: datetime.date | None, last_key: str, last: datetime.date | None
) -> None:
    """Notes a period that ends before it begins."""
    if first is not None and last is not None and last < first:
        mistakes.add(
            node.error(
                Text(
                    ja=f"期限 {last.isoformat()} が開始日 {first.isoformat()} より前です。",
                    en=f"The end {last.isoformat()} is before the beginning {first.isoformat()}.",
                ),
                Text(
                    ja="日付を確かめてください。和暦の年の読み違いも多い誤りです。",
                    en="Check both dates, and the year of the era.",
                ),
                last_key,
            )
        )


def check_unique(mistakes: Mistakes, nodes: list[tuple[str, YamlNode]], key: str) -> None:
    """Notes ids or names that are used twice."""
    first_line: dict[str, int] = {}
    for name, node in nodes:
        line = node.document.line_of((*node.path, key))
        if name in first_line:
            mistakes.add(
                node.error(
                    Text(
                        ja=f"「{shown(name)}」は {first_line[name]} 行目でも使われています。",
                        en=f"`{shown(name)}` is already used in line {first_line[name]}.",
                    ),
                    Text(ja="重ならない名前にしてください。", en="Give every entry a name of its own."),
                    key,
                )
            )
        else:
            first_line[name] = line


def check_ports(mistakes: Mistakes, node: YamlNode, protocol: str) -> None:
    """Notes ports that are missing, or that a protocol does not have."""
    has_ports = any(node.items("ports"))
    if protocol in PROTOCOLS_WITH_PORTS and not has_ports:
        mistakes.add(
            node.error(
                Text(ja=f"{protocol} にはポート番号が必要です。", en=f"{protocol} needs ports."),
                Text(
                    ja="ports: [443] のように書きます。本当にすべてなら 0-65535 と書いてください。",
                    en="Write `ports: [443]`; if it really is every port, write 0-65535.",
                ),
                "ports" if node.get("ports") is not None else None,
            )
        )
    if protocol not in PROTOCOLS_WITH_PORTS and has_ports:
        mistakes.add(
            node.error(
                Text(ja=f"{protocol} にはポート番号がありません。", en=f"{protocol} has no ports."),
                Text(
                    ja="ports を消すか、protocol を tcp などに直してください。",
                    en="Remove `ports`, or name tcp, udp or sctp.",
                ),
                "ports",
            )
        )


def check_families(
    mistakes: Mistakes,
    node: YamlNode,
    sources: tuple[IPNetwork, ...],
    destinations_key: str,
    destinations: tuple[IPNetwork, ...],
) -> None:
    """Notes sources and destinations of which no two are of one address family."""
    if sources and destinations and not {one.version for one in sources} & {one.version for one in destinations}:
        mistakes.add(
            node.error(
                Text(
                    ja="送信元と宛先の IPv4 と IPv6 が合っていません。",
                    en="Sources and destinations mix IPv4 with IPv6.",
                ),
                Text(ja="同じ種類のアドレスで書いてください。", en="Use addresses of the same family."),
                destinations_key,
            )
        )
