"""What puts frames into other VLANs than those of their port: voice VLANs, guest VLANs of 802.1X, layer 2 filters.

The VLANs of a port are read from the port and from `vlans` (`vlans`). A voice VLAN comes to an access port besides (Juniper, "voip"); a host that
fails to authenticate is put into `guest-vlan`, `server-reject-vlan` or the one of `server-fail`; a filter of `family ethernet-switching`
may set the VLAN or the port by which a frame leaves (Juniper, "Firewall Filter Match Conditions and Actions for EX Series").
"""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.network.device import DoubtKind
from secaudit.text.bilingual import Text
from secaudit.vendors.juniper_srx.findings import Scope
from secaudit.vendors.juniper_srx.firewall import ENDING, HARMLESS_ACTIONS
from secaudit.vendors.juniper_srx.interfaces import Ports, unit_name
from secaudit.vendors.juniper_srx.tree import Statement

_FAMILIES = ("ethernet-switching", "bridge", "vpls", "ccc", "any")
_HARMLESS_WORDS = frozenset((*HARMLESS_ACTIONS, *ENDING, "next", "analyzer"))
_VOICE = (("switch-options", "voip"), ("ethernet-switching-options", "voip"))
_PUT_ELSEWHERE = frozenset(("guest-vlan", "server-reject-vlan", "server-fail", "server-fail-voip"))
_OTHER_VLAN = Text(
    ja="ポートに別のVLAN（音声VLAN、802.1Xのゲスト用VLAN等）が割り当てられることがあります。この働きは判定していません。",
    en="The port may get another VLAN (for voice, for guests of 802.1X and the like); this is not modelled.",
)
_REDIRECTED = Text(
    ja="レイヤー2のフィルターがVLANまたは出力先を変えます。この働きは判定していません。",
    en="A layer 2 filter changes the VLAN or the port by which frames leave; this is not modelled.",
)


def report_layer2(scope: Scope, ports: Ports) -> None:
    """Doubts about the ports concerned; about the whole device where the port is not told."""
    for path in _VOICE:
        for one in scope.section(*path).below("interface"):
            if one.children:
                _doubt_port(scope, ports, one)
    for one in scope.section("protocols", "dot1x", "authenticator").below("interface"):
        if _PUT_ELSEWHERE & one.children.keys():
            _doubt_port(scope, ports, one)
    for action in _strange_actions(scope):
        action.use_all()
        scope.findings.doubt(DoubtKind.UNSUPPORTED, _REDIRECTED, action.sources())


def _doubt_port(scope: Scope, ports: Ports, one: Statement) -> None:
    one.use_all()
    name = unit_name(one.word)
    bounds = frozenset((name,)) if name in ports.interfaces else None
    scope.findings.doubt(DoubtKind.UNSUPPORTED, _OTHER_VLAN, one.sources(), interfaces=bounds)


def _strange_actions(scope: Scope) -> Iterator[Statement]:
    for family in _FAMILIES:
        for one in scope.section("firewall", "family", family).below("filter"):
            for term in one.below("term"):
                yield from (action for action in term.below("then") if action.word not in _HARMLESS_WORDS)
