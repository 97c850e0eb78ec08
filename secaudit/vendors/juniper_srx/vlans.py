"""VLANs, bridge domains and ports of switches: which VLANs a port carries, which of them are routed."""

from __future__ import annotations

from dataclasses import dataclass, field

from secaudit.network.device import DoubtKind
from secaudit.network.interfaces import SwitchPort
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.juniper_srx.findings import NotUnderstoodError, Scope
from secaudit.vendors.juniper_srx.services import number
from secaudit.vendors.juniper_srx.tree import Statement

_WITHOUT_ID = 5000
"""VLANs without an id get numbers beyond those that a tag can have."""
_HARMLESS = frozenset(
    (
        "description",
        "vlan-id",
        "vlan-id-list",
        "vlan-range",
        "l3-interface",
        "routing-interface",
        "interface",
        "domain-type",
    )
)
_UNKNOWN_VLAN = Text(
    ja="ポートのVLANの定義がないか、読み取れません。", en="The VLAN of a port is not defined or was not understood."
)

_UNKNOWN_MODE = Text(
    ja="スイッチポートの動作モードを読み取れません。", en="The mode of a switch port was not understood."
)


@dataclass(frozen=True, slots=True)
class Vlan:
    """One VLAN: its tag (or a number beyond the tags) and its lines."""

    tags: frozenset[int]
    sources: Sources

    @property
    def tag(self) -> int:
        """The tag of a VLAN that has one."""
        return min(self.tags)


@dataclass(slots=True)
class Vlans:
    """The VLANs of a device by name; `routed` by the interface that routes them; `listed` by the port that a VLAN lists."""

    usual: int
    """The VLAN `default`: that of an access port that names none."""
    named: dict[str, Vlan] = field(default_factory=dict)
    routed: dict[str, Vlan] = field(default_factory=dict)
    listed: dict[str, list[Vlan]] = field(default_factory=dict)

    def port(self, switching: Statement, port: Statement, name: str, scope: Scope) -> SwitchPort:
        """The layer 2 of a port with `family ethernet-switching`."""
        switching.use()
        mode = switching.value("interface-mode") or switching.value("port-mode") or scope.defaults.port_mode
        tags, unknown = self._tags(switching, name)
        if unknown:
            scope.findings.doubt(DoubtKind.UNDEFINED, _UNKNOWN_VLAN, switching.sources(), interfaces=frozenset((name,)))
        native = port.value("native-vlan-id") or switching.value("native-vlan-id")
        untagged = self._tags_of(native) if native else frozenset[int]()
        if mode not in ("access", "trunk", "tagged-access"):
            scope.findings.doubt(DoubtKind.UNREAD, _UNKNOWN_MODE, switching.sources(), interfaces=frozenset((name,)))
        if mode == "trunk" or (mode == "tagged-access"):
            trunk = None if "all" in switching.values("vlan", "members") else tags | untagged
            return SwitchPort(min(untagged, default=None), trunk, trunk=True)
        return SwitchPort(access_vlan=min(tags, default=self.usual))

    def _tags(self, switching: Statement, name: str) -> tuple[frozenset[int], bool]:
        found: set[int] = set()
        unknown = False
        if "vlan" in switching.children:
            switching.children["vlan"].use()
        for word in switching.values("vlan", "members"):
            if word == "all":
                continue
            tags = self._tags_of(word)
            unknown = unknown or not tags
            found |= tags
        for vlan in self.listed.get(name, ()):
            found |= vlan.tags
        return frozenset(found), unknown

    def _tags_of(self, word: str) -> frozenset[int]:
        vlan = self.named.get(word)
        if vlan is not None:
            return vlan.tags
        if word == "default":
            return frozenset((self.usual,))
        try:
            return _range(word)
        except NotUnderstoodError:
            return frozenset()


def _range(word: str) -> frozenset[int]:
    first, dash, last = word.partition("-")
    low = number(first, 0, 4094)
    return frozenset(range(low, (number(last, low, 4094) if dash else low) + 1))


def read_vlans(scope: Scope) -> Vlans:
    """`vlans` and `bridge-domains`."""
    vlans = Vlans(scope.defaults.port_vlan)
    for path in ("vlans", "bridge-domains"):
        section = scope.section(path)
        section.use()
        for index, entry in enumerate(section):
            _read(entry, vlans, _WITHOUT_ID + index + (1000 if path == "bridge-domains" else 0))
    return vlans


def _read(entry: Statement, vlans: Vlans, otherwise: int) -> None:
    entry.use()
    tags: set[int] = set()
    unreadable: list[Statement] = []
    for word in ("vlan-id", "vlan-id-list", "vlan-range"):
        for value in entry.values(word):
            try:
                tags |= _range(value)
            except NotUnderstoodError:
                if value not in ("none", "all"):
                    unreadable.append(entry.children[word])
    vlan = Vlan(frozenset(tags or {otherwise}), entry.sources())
    vlans.named[entry.word] = vlan
    for word in ("l3-interface", "routing-interface"):
        for name in entry.values(word):
            vlans.routed[name if "." in name else f"{name}.0"] = vlan
    for one in entry.below("interface"):
        one.use()  # what stands below it may translate tags (`mapping`)
        vlans.listed.setdefault(one.word if "." in one.word else f"{one.word}.0", []).append(vlan)
    for word in _HARMLESS:
        if word in entry.children:
            entry.children[word].use()
    if "description" in entry.children:
        entry.children["description"].use_all()
    for one in unreadable:
        one.forget()
