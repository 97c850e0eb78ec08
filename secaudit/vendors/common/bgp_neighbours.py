"""Whether BGP asks its neighbours for a password, where lines are written as in IOS.

From memory, high (Cisco IOS IP Routing: BGP Command Reference, "neighbor password", "neighbor peer-group", "template peer-session", "bgp listen"): a
neighbour is asked that has a password, or whose peer group or session template has one; those that a range admits have what their group has; a
neighbour that is shut down has no session. Read (a list of the commands of NEC IX that hold secrets): `neighbor A password K`. TCP-AO, and groups that a
neighbour joins within an address family only, are not followed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secaudit.text.source import Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node
from secaudit.vendors.common.neighbours import NOT_TOLD, Answer, is_key, together, where_it_runs, without_no

_SETTINGS = frozenset((
    "advertise", "aggregate-address", "auto-summary", "bgp", "bmp", "dampening", "default", "default-information", "default-metric", "distance",
    "distribute-list", "exit", "exit-address-family", "exit-peer-policy", "exit-peer-session", "import", "max-paths", "maximum-paths", "network",
    "originate-default", "redistribute", "retain", "router-id", "synchronization", "table-map", "template", "timers",
))  # fmt: skip
"""What begins lines of a block, or of an address family, that change nothing about sessions."""
_OF_SESSIONS = frozenset(("remote-as", "peer-group", "password", "shutdown", "inherit", "ao"))
_OF_NEIGHBOURS = frozenset((
    "activate", "additional-paths", "advertise", "advertise-map", "advertisement-interval", "aigp", "allow-ebgp-vpn", "allow-policy", "allowas-in",
    "as-origination-interval", "as-override", "attribute-unchanged", "bmp-activate", "capability", "cluster-id", "collide-established", "connection-retry-time",
    "default-originate", "description", "disable-connected-check", "disallow-infinite-holdtime", "distribute-list", "dmzlink-bw", "dont-capability-negotiate",
    "ebgp-multihop", "enforce-multihop", "fall-over", "filter-list", "ha-mode", "interface", "internal-vpn-client", "local-as", "log-neighbor-changes",
    "maximum-prefix", "next-hop-self", "next-hop-unchanged", "override-capability", "passive", "path-attribute", "port", "prefix-length-size",
    "prefix-list", "remove-private-as", "restart-time", "route-map", "route-reflector-client", "route-server-client", "send-community", "send-label",
    "site-origin", "slow-peer", "soft-reconfiguration", "soo", "strict-capability-match", "suppress-signaling-protocol", "timers", "translate-update",
    "transparent-as", "transparent-nexthop", "transport", "ttl-security", "unsuppress-map", "update-source", "version", "weight",
))  # fmt: skip
"""What stands behind the name of a neighbour and changes nothing about who is asked."""

_MOST_TEMPLATES = 20
"""Templates that a neighbour inherits from, one from the other; a device takes fewer."""


@dataclass(slots=True)
class _Peer:
    """What is said of a neighbour, or of a group of them."""

    said: dict[str, Node] = field(default_factory=dict)
    """Words about the session, each with its last line."""
    sessions: dict[str, Node] = field(default_factory=dict)
    """Session templates by name, with the line that names them."""
    doubt: bool = False

    @property
    def is_group(self) -> bool:
        """Whether `neighbor NAME peer-group` defines it."""
        node = self.said.get("peer-group")
        return node is not None and len(node.keys) == 3

    def is_stray(self, name: str) -> bool:
        """Whether the line that sets it up was lost: neighbours are addresses and have a number, a group or a template."""
        if self.is_group or self.doubt or not (self.said or self.sessions):
            return False
        return not _is_address(name) or not (self.sessions or "remote-as" in self.said or "peer-group" in self.said)

    @property
    def off(self) -> bool | None:
        """Whether it has no session; None where it has none only for a while."""
        node = self.said.get("shutdown")
        return False if node is None else True if len(node.keys) == 3 else None


@dataclass(slots=True)
class BgpBlock:
    """What a `router bgp` block says. `groups`: how peer groups and templates work is known."""

    line: Node
    ledger: Ledger
    groups: bool = True
    understood: bool = True
    _templates: dict[str, Node] = field(default_factory=dict)

    def answer(self) -> Answer:
        """Of all its neighbours, in every VRF."""
        ranges: list[tuple[Node, dict[str, _Peer]]] = []
        peers: dict[str, _Peer] = {}
        scopes = [peers]
        for node in self.line.children:
            if node.keys[0] == "address-family":
                held = {} if "vrf" in node.keys else peers
                if held is not peers:
                    scopes.append(held)
                for child in node.children:
                    self._line(child, held, ranges, of_family=held is peers)
            elif node.keys[:2] == ("template", "peer-session") and len(node.keys) == 3:
                self._templates[node.words[2]] = node
            elif node.keys[:2] != ("template", "peer-policy"):
                self._line(node, peers, ranges, of_family=False)
        strays = any(peer.is_stray(name) for scope in scopes for name, peer in scope.items())
        if strays or not self.understood:
            return NOT_TOLD
        return together(
            [
                *(answer for scope in scopes for answer in self._of_scope(scope)),
                *(self._of_range(node, scope) for node, scope in ranges),
            ]
        )

    # --- reading

    def _line(
        self, node: Node, peers: dict[str, _Peer], ranges: list[tuple[Node, dict[str, _Peer]]], *, of_family: bool
    ) -> None:
        taken_back, keys = without_no(node.keys)
        if node.children:
            self.understood = False
        elif keys[0] == "neighbor":
            self._neighbour(node, peers, taken_back, keys, of_family=of_family)
        elif keys[:3] == ("bgp", "listen", "range"):
            if taken_back or of_family or len(keys) < 6 or keys[4] != "peer-group":
                self.understood = False
            else:
                ranges.append((node, peers))
        elif keys[0] not in _SETTINGS:
            self.understood = False

    def _neighbour(
        self, node: Node, peers: dict[str, _Peer], taken_back: bool, keys: tuple[str, ...], *, of_family: bool
    ) -> None:
        name = node.words[1 + taken_back] if len(keys) > 1 else ""
        if taken_back and name not in peers:
            self.understood = False
            return
        if taken_back and len(keys) == 2:
            del peers[name]
            return
        what = "".join(keys[2:3])
        peer = peers.setdefault(name, _Peer())
        if what not in _OF_SESSIONS:
            self.understood = self.understood and what in _OF_NEIGHBOURS
        elif keys[2:4] == ("inherit", "peer-policy"):
            return
        elif of_family:
            peer.doubt = True
        elif what == "inherit":
            self._inherited(node, peer, taken_back, keys)
        elif taken_back:
            peer.said.pop(what, None)
        elif (what == "password" and not is_key(keys[3:])) or (
            len(keys) == 3 and (what == "remote-as" or (what == "peer-group" and _is_address(name)))
        ):
            peer.doubt = True
        else:
            peer.said[what] = node

    def _inherited(self, node: Node, peer: _Peer, taken_back: bool, keys: tuple[str, ...]) -> None:
        if keys[3:4] != ("peer-session",) or len(keys) != 5:
            peer.doubt = True
        elif taken_back:
            peer.sessions.pop(node.words[-1], None)
        else:
            peer.sessions[node.words[-1]] = node

    # --- judging

    def _of_scope(self, peers: dict[str, _Peer]) -> Iterator[Answer]:
        for peer in peers.values():
            if not peer.is_group and peer.off is not True and (peer.said or peer.sessions or peer.doubt):
                yield self._of_peer(peer, peers)

    def _of_range(self, node: Node, peers: dict[str, _Peer]) -> Answer:
        """`bgp listen range P peer-group G`: whoever calls from there has what the group has."""
        group = peers.get(node.words[5])
        if not self.groups or group is None or not group.is_group or group.off is not False:
            return NOT_TOLD
        answer, said = self._of_peer(group, peers)
        return answer, () if answer is None else (node.line, *said)

    def _of_peer(self, peer: _Peer, peers: dict[str, _Peer]) -> Answer:
        lines = [node for what, node in peer.said.items() if what in ("remote-as", "password", "peer-group")]
        self.ledger.use(*peer.said.values(), *peer.sessions.values())
        if peer.doubt or "ao" in peer.said:
            return NOT_TOLD
        if "password" in peer.said:
            return True, _sources(lines)
        told, on, active = True, peer.off is False, "remote-as" in peer.said
        group = None if peer.is_group else peer.said.get("peer-group")
        if group is not None:
            held = peers.get(group.words[3])
            if not self.groups or held is None or not held.is_group or held.doubt or "ao" in held.said:
                return NOT_TOLD
            self.ledger.use(*held.said.values(), *held.sessions.values())
            lines += [node for what, node in held.said.items() if what in ("remote-as", "password")]
            if "password" in held.said:
                return True, _sources(lines)
            active = active or "remote-as" in held.said
            told, on = not held.sessions, on and held.off is False
        for name, node in peer.sessions.items():
            held_by, found = self._of_template(name)
            lines += [node, *found]
            if held_by:
                return True, _sources(lines)
            active = active or any(one.keys[0] == "remote-as" for one in found)
            told = told and held_by is False
        return where_it_runs(True if on and active else None, (False, _sources(lines)) if told else NOT_TOLD)

    def _of_template(self, name: str) -> tuple[bool | None, list[Node]]:
        """Whether a session template, or one that it inherits from, has a password; None where one is not defined or not understood."""
        pending, seen, found = [name], set[str](), []
        told = self.groups
        while pending:
            current = pending.pop()
            node = self._templates.get(current)
            if current in seen:
                continue
            seen.add(current)
            told = told and node is not None and len(seen) <= _MOST_TEMPLATES
            if not told:
                break
            for child in () if node is None else node.children:
                start = 1 if child.keys[0] == "password" else 0
                if child.keys[0] in ("password", "remote-as") and len(child.keys) > 1 and is_key(child.keys[start:]):
                    found.append(child)
                elif child.keys[:2] == ("inherit", "peer-session") and len(child.keys) == 3:
                    pending.append(child.words[2])
                    found.append(child)
                elif child.keys[0] not in _OF_NEIGHBOURS and child.keys[0] not in _SETTINGS:
                    told = False
        self.ledger.use(*found)
        if any(one.keys[0] == "password" for one in found):
            return (True if told else None), found
        return (False if told else None), found


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _sources(nodes: Iterable[Node]) -> Sources:
    return tuple(node.line for node in nodes)
