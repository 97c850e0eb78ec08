"""What an nmap file does not say about itself: `probes/NAME.meta.yaml` beside `probes/NAME.xml`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from secaudit.errors import InputError, UsageError
from secaudit.municipality.model import Zone
from secaudit.network.intervals import PORT_MAX, IPAddress
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine
from secaudit.text.yaml_document import YamlNode, shown
from secaudit.text.yaml_reader import load_yaml

META_ENDING = ".meta.yaml"


@dataclass(frozen=True, slots=True)
class Control:
    """The positive control: an address that must answer. `file` names another nmap file of the same folder that holds its answers."""

    address: IPAddress
    protocol: str
    port: int
    file: str | None = None

    @classmethod
    def parse(cls, text: str) -> Control:
        """Reads `ADDRESS:PORT` (TCP), an IPv6 address in brackets, as given on the command line. Raises `UsageError`.

        >>> str(Control.parse("[fd00::1]:443"))
        'fd00::1 443/tcp'
        """
        host, _, port = text.rpartition(":")
        try:
            if "%" in host or not (port.isascii() and port.isdigit() and 1 <= int(port) <= PORT_MAX):
                raise ValueError(text)
            bracketed = host.startswith("[") and host.endswith("]")
            address = ipaddress.IPv6Address(host[1:-1]) if bracketed else ipaddress.IPv4Address(host)
        except ValueError as error:
            raise UsageError(
                Text(
                    ja=f"陽性対照の書き方を読み取れません: {shown(text)!r}",
                    en=f"this control cannot be read: {shown(text)!r}",
                ),
                Text(ja="例: 10.1.1.1:443、[fd00::1]:443", en="for example 10.1.1.1:443 or [fd00::1]:443"),
            ) from error
        return cls(address, "tcp", int(port))

    def __str__(self) -> str:
        return f"{self.address} {self.port}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class ProbeMetadata:
    """From where a scan was made, and what had to answer. `source` is where that is said."""

    from_zone: Zone
    source_address: IPAddress | None
    control: Control | None
    assumed_targets: tuple[IPAddress, ...]
    source: SourceLine
    note: str = ""

    def control_shown_as(self, shown_as: str) -> str:
        """The path, for people, of the file that holds the control's answers."""
        if self.control is None or self.control.file is None:
            return shown_as
        return str(PurePosixPath(shown_as).parent / self.control.file)


def meta_name(name: str) -> str:
    """The name of the metadata file that belongs to a probe file.

    >>> meta_name("probes/mn.xml")
    'probes/mn.meta.yaml'
    """
    return name.removesuffix(".xml") + META_ENDING


def missing_metadata(shown_as: str) -> InputError:
    """The error for a scan of which nobody said from where it was made."""
    name = PurePosixPath(meta_name(shown_as)).name
    return InputError(
        Text(
            ja="どの領域から調査したかが書かれていないため、この探査結果は使えません。",
            en="nothing says from which zone this scan was made, so it cannot be used.",
        ),
        file=shown_as,
        hint=Text(
            ja=f"同じフォルダに {name} を作り、「from_zone: my_number」のように調査元の領域を書いてください"
            "（source_address と positive_control も書くと、応答が無いことを分離の証拠にできます）。",
            en=f'write {name} beside it with a line such as "from_zone: my_number" '
            "(with source_address and positive_control, silence can count as proof of separation).",
        ),
    )


def read_metadata(path: Path, shown_as: str) -> ProbeMetadata:
    """Reads one metadata file. Raises `InputError` with line and field."""
    root = load_yaml(path, shown_as, "probe").root
    source_address = optional_address(root, "source_address")
    zone = root.get("from_zone")
    assert zone is not None, "the schema demands it"
    return ProbeMetadata(
        from_zone=Zone(zone.as_text()),
        source_address=source_address,
        control=read_control(root, source_address),
        assumed_targets=tuple(read_address(item) for item in root.items("assumed_targets")),
        source=zone.source,
        note=root.optional_text("note") or "",
    )


def read_control(root: YamlNode, source_address: IPAddress | None) -> Control | None:
    """The positive control. The prober itself is refused: its own answer shows nothing about the line. Raises `InputError`."""
    node = root.get("positive_control")
    if node is None:
        return None
    address, port = optional_address(node, "address"), node.number("port")
    assert address is not None and port is not None, "the schema demands them"
    if address.is_loopback or address == source_address:
        raise node.error(
            Text(
                ja="調査した端末自身は陽性対照（必ず応答する宛先）にできません。",
                en="the prober itself cannot be the positive control.",
            ),
            Text(
                ja="同じ領域の別の機器か、許可された通信の宛先を書いてください。",
                en="give another host of the zone or the destination of a permitted flow.",
            ),
            "address",
        )
    return Control(address, node.text("protocol"), port, node.optional_text("file"))


def optional_address(node: YamlNode, key: str) -> IPAddress | None:
    """The address under a key, if there is one. Raises `InputError` at its line."""
    found = node.get(key)
    return None if found is None else read_address(found)


def read_address(node: YamlNode) -> IPAddress:
    """One address without scope. Raises `InputError` at its line."""
    text = node.as_text()
    try:
        address = ipaddress.ip_address(text)
        if "%" in text:
            raise ValueError("scoped")
    except ValueError as error:
        raise node.error(
            Text(ja=f"「{shown(text)}」は IP アドレスではありません。", en=f"`{shown(text)}` is not an IP address."),
            Text(ja="10.10.1.5、fd00::5 のように半角で書いてください。", en="Write it like 10.10.1.5 or fd00::5."),
        ) from error
    return address
