"""Who may pass: security levels, access lists at interfaces, the global list (AS-01), as one table by interface pair.

Packets of known connections pass first. Of others the list of the interface by which they enter decides, then the global list, and what
neither names is denied; an interface without any list follows the levels (Cisco ASA firewall configuration guide, "Access Rules":
interface rule, global rule, implicit deny). Lists see real addresses from 8.3 on, so the table acts after the destination was translated
back (`mapped_lists` tells what those of before are). It is not asked about packets for the device itself.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from secaudit.network.device import NoticeKind
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6, BYTE_MAX, complement, normalise
from secaudit.network.matches import (
    ACK,
    ANY_PACKET,
    ICMP,
    ICMPV6,
    RST,
    SYN,
    TCP,
    UDP,
    Match,
    Service,
    values_with_bits,
)
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.cisco_asa.access_groups import AccessGroups, Applied
from secaudit.vendors.cisco_asa.access_lists import AccessList, unknown_line
from secaudit.vendors.cisco_asa.inspection import Inspection
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.mapped_lists import MappedLists
from secaudit.vendors.common.ledger import Ledger

NAME = "access rules"
_OPENING_FLAGS = normalise(values_with_bits(SYN, SYN | ACK | RST))
_REPLIES_OF_ICMP = ((0, 0), (14, 14), (16, 16), (18, 18))
_REPLIES_OF_ICMPV6 = ((129, 129),)

_OTHER_PROTOCOLS = Text(
    ja="TCP・UDP・ICMP 以外の応答が接続として扱われるかを確認できません",
    en="whether replies of protocols other than TCP, UDP and ICMP count as part of a connection is not confirmed",
)
_PARTLY_INSPECTED = Text(
    ja="inspect icmp が一部の通信にだけ適用されています",
    en="`inspect icmp` is applied to some traffic only",
)
_BYPASS = Text(
    ja="tcp-state-bypass により、接続に属さない TCP パケットが通ることがあります",
    en="tcp-state-bypass may let TCP packets pass that belong to no connection",
)
_UNSOLICITED = Text(
    ja="inspect icmp は、要求のない応答を破棄します",
    en="`inspect icmp` drops replies that nobody asked for",
)
_GLOBAL_AND_LEVELS = Text(
    ja="グローバルのアクセスリストがあるとき、セキュリティレベルによる暗黙の許可が残るかを確認できません",
    en="whether the implicit permit of the security levels remains beside a global access list is not confirmed",
)
_SAME_LEVEL = Text(
    ja="同じセキュリティレベルのインタフェース間は、same-security-traffic がなければリストで許可しても通らないはずですが、確認できません",
    en="between interfaces of one security level nothing should pass without `same-security-traffic`, whatever a list permits; not confirmed",
)
_HAIRPIN = Text(
    ja="VPN から来た通信を同じインタフェースから出すには、same-security-traffic permit intra-interface が必要なはずです",
    en="to leave by the interface at which a VPN ends, its packets should need `same-security-traffic permit intra-interface`",
)
_PER_USER = Text(
    ja="per-user-override により、認証した利用者のリストが代わりに働くことがあります",
    en="with per-user-override the list of an authenticated user may act instead",
)
_VPN_OUT = Text(
    ja="VPN から来た通信に out のリストが働くかを確認できません",
    en="whether an outgoing list acts on packets that came by a VPN is not confirmed",
)
_Compare = Callable[[int, int], bool]
"""The level of another interface and one's own."""


@dataclass(slots=True)
class AccessRules:
    """Builds the table, and the filters of packets that leave (`out`)."""

    interfaces: Mapping[str, InterfaceFacts]
    lists: Mapping[str, AccessList]
    groups: AccessGroups
    inspection: Inspection
    ledger: Ledger
    between_equals: Sources = ()
    """`same-security-traffic permit inter-interface`."""
    back_again: Sources = ()
    """`same-security-traffic permit intra-interface`."""
    identity: Sources = ()
    tunnels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By interface, what stands where it stands: itself and its tunnels."""
    mapped: MappedLists | None = None
    """How lists see packets whose destination was translated back, when they name mapped addresses (before 8.3)."""

    _levels_held: dict[int, set[str]] = field(default_factory=dict)
    _compared: dict[tuple[_Compare, int], frozenset[str]] = field(default_factory=dict)

    def _wide(self, *names: str) -> frozenset[str]:
        return frozenset(one for name in names for one in self.tunnels.get(name, (name,)))

    def table(self, first: Sequence[FilterLine] = ()) -> Filter:
        """The table. `first` are lines that act before any list: packets of tunnels, the reverse path check of NAT."""
        lines = [
            *self._connections(),
            *self._hairpins(),
            *first,
            *self._management_only(),
            *self._same_interface(),
            *self._equals(),
        ]
        for name in dict.fromkeys(one.name for one in self.groups.inward.values()):
            lines += self._list(name)
        everywhere = self.groups.everywhere
        if everywhere is not None:
            lines += self._as_entered(self._lines(everywhere))
        lines += self._levels()
        lines += self._implicit()
        disabled = tuple(
            line
            for name in {**dict.fromkeys(one.name for one in self.groups.inward.values())}
            if name in self.lists
            for line in self.lists[name].disabled
        )
        sources = tuple(one.line for one in self.groups.inward.values()) or self.identity
        return Filter(NAME, tuple(lines), Action.DENY, sources, True, self.identity or sources, disabled=disabled)

    def outward(self, tunnels: frozenset[str]) -> dict[str, Filter]:
        """The filters for packets that leave, by interface."""
        found: dict[str, Filter] = {}
        for name, applied in self.groups.outward.items():
            lines = [*self._connections()]
            if tunnels:
                lines.append(
                    FilterLine(
                        "vpn",
                        Action.PERMIT,
                        ANY_PACKET,
                        (applied.line,),
                        Certainty.UNCERTAIN,
                        _VPN_OUT,
                        ingress=tunnels,
                    )
                )
            lines += self._lines(applied)
            held = self.lists.get(applied.name)
            definition = (applied.line,) if held is None else (held.definition, applied.line)
            found[name] = Filter(
                f"{applied.name} (out {name})",
                tuple(lines),
                Action.DENY,
                definition,
                True,
                (applied.line,),
                disabled=() if held is None else held.disabled,
            )
        return found

    # --- connections

    def _connections(self) -> list[FilterLine]:
        """Replies of TCP and UDP, of ICMP only when it is inspected; a TCP connection begins with a SYN."""
        where = self.identity or tuple(facts.line for facts in self.interfaces.values())[:1]
        others = complement(normalise(((ICMP, ICMP), (TCP, TCP), (UDP, UDP), (ICMPV6, ICMPV6))), BYTE_MAX)
        lines = [
            _established("connection", normalise(((TCP, TCP), (UDP, UDP))), where, None),
            _established("connection", others, where, _OTHER_PROTOCOLS),
        ]
        if self.inspection.icmp:
            doubt = None if self.inspection.icmp_sure else _PARTLY_INSPECTED
            both = ((ICMP, ICMP), (ICMPV6, ICMPV6))
            lines.append(_established("inspect icmp", both, self.inspection.icmp, doubt))
            lines.append(
                FilterLine(
                    "inspect icmp",
                    Action.DENY,
                    (
                        Match(4, ANY_IPV4, ANY_IPV4, (Service(((ICMP, ICMP),), icmp_types=_REPLIES_OF_ICMP),)),
                        Match(6, ANY_IPV6, ANY_IPV6, (Service(((ICMPV6, ICMPV6),), icmp_types=_REPLIES_OF_ICMPV6),)),
                    ),
                    self.inspection.icmp,
                    Certainty.UNCERTAIN,
                    _UNSOLICITED,
                    connection=Connection.NEW,
                )
            )
        bypass = self.inspection.bypass
        lines.append(
            FilterLine(
                "no connection",
                Action.DENY,
                _of((Service(((TCP, TCP),), tcp_flags=complement(_OPENING_FLAGS, BYTE_MAX)),)),
                bypass or where,
                Certainty.UNCERTAIN if bypass else Certainty.ALWAYS,
                _BYPASS if bypass else None,
                connection=Connection.NEW,
                implied=True,
            )
        )
        return lines

    # --- interfaces

    def _routed(self) -> list[InterfaceFacts]:
        return [facts for facts in self.interfaces.values() if facts.routed]

    def _passing(self) -> list[InterfaceFacts]:
        """Those through which anything may pass."""
        return [facts for facts in self._routed() if facts.management_only is None]

    def _management_only(self) -> list[FilterLine]:
        """Nothing passes through a management-only interface."""
        lines: list[FilterLine] = []
        for facts in self._routed():
            if facts.management_only is not None:
                here = self._wide(facts.name)
                source = (facts.management_only,)
                lines.append(FilterLine("management-only", Action.DENY, ANY_PACKET, source, ingress=here, implied=True))
                lines.append(FilterLine("management-only", Action.DENY, ANY_PACKET, source, egress=here, implied=True))
        return lines

    def _same_interface(self) -> list[FilterLine]:
        """Out by the interface of entry only with `same-security-traffic permit intra-interface`, whatever a list says (Cisco document 71342)."""
        if self.back_again:
            return []
        return [
            FilterLine(
                "intra-interface",
                Action.DENY,
                ANY_PACKET,
                facts.level_sources,
                ingress=self._wide(facts.name),
                egress=self._wide(facts.name),
                implied=True,
            )
            for facts in self._passing()
        ]

    def _hairpins(self) -> list[FilterLine]:
        """From a tunnel out of the interface at which it ends: the same command is needed, which is not relied on."""
        if self.back_again:
            return []
        return [
            FilterLine(
                "intra-interface",
                Action.DENY,
                ANY_PACKET,
                facts.level_sources,
                Certainty.UNCERTAIN,
                _HAIRPIN,
                ingress=tunnels,
                egress=self._wide(facts.name),
            )
            for facts in self._passing()
            if (tunnels := self._wide(facts.name) - {facts.name})
        ]

    def _has_list(self, name: str) -> bool:
        return name in self.groups.inward or self.groups.everywhere is not None

    def _equals(self) -> list[FilterLine]:
        """Interfaces of one level, where a list may permit something."""
        if self.between_equals:
            return []
        lines: list[FilterLine] = []
        for facts in self._passing():
            if not self._has_list(facts.name):
                continue
            equal = self._by_level(facts, operator.eq)
            if self.back_again:  # then a list decides what leaves by the interface of entry
                equal -= self._wide(facts.name)
            if equal:
                lines.append(
                    FilterLine(
                        "same-security-traffic",
                        Action.DENY,
                        ANY_PACKET,
                        facts.level_sources,
                        Certainty.UNCERTAIN,
                        _SAME_LEVEL,
                        ingress=self._wide(facts.name),
                        egress=equal,
                    )
                )
        return lines

    def _by_level(self, facts: InterfaceFacts, wanted: _Compare) -> frozenset[str]:
        """The interfaces whose level compares so with its own, itself among them where it does; empty where no other one does.

        One set serves all interfaces of a level: with a set for each, a file of very many interfaces would take the square of their memory. What
        enters and leaves by one interface is decided by a line in front of those that use it.
        """
        if not self._levels_held:
            self._levels_held = defaultdict(set)
            for other in self._passing():
                self._levels_held[other.security_level] |= self._wide(other.name)
        key = wanted, facts.security_level
        found = self._compared.get(key)
        if found is None:
            names = [held for level, held in self._levels_held.items() if wanted(level, facts.security_level)]
            found = self._compared[key] = frozenset().union(*names)
        return frozenset() if found <= self._wide(facts.name) else found

    # --- lists

    def _list(self, name: str) -> list[FilterLine]:
        """The lines of one list at all interfaces that apply it, in their direction `in`."""
        applied = [(where, one) for where, one in self.groups.inward.items() if one.name == name]
        here = self._wide(*(where for where, _ in applied))
        lines = [
            FilterLine(
                "per-user-override", Action.PERMIT, ANY_PACKET, (one.line,), Certainty.UNCERTAIN, _PER_USER,
                ingress=self._wide(where),
            )
            for where, one in applied
            if one.override
        ]  # fmt: skip
        return [*lines, *self._as_entered(self._lines(applied[0][1], here))]

    def _as_entered(self, lines: list[FilterLine]) -> list[FilterLine]:
        return lines if self.mapped is None else self.mapped.lines(lines)

    def _lines(self, applied: Applied, ingress: frozenset[str] | None = None) -> list[FilterLine]:
        held = self.lists.get(applied.name)
        if held is None or not (held.lines or held.disabled) or held.other:
            return [self._undefined(applied, ingress)]
        return held.at(ingress)

    def _undefined(self, applied: Applied, ingress: frozenset[str] | None) -> FilterLine:
        text = Text(
            ja=f"アクセスリスト {applied.name} は適用されていますが、定義がないか空です",
            en=f"access list {applied.name} is applied but not defined, or empty",
        )
        self.ledger.notice(NoticeKind.UNDEFINED_FILTER, text, (applied.line,))
        return unknown_line(applied.name, (applied.line,), text, ingress)

    # --- levels

    def _levels(self) -> list[FilterLine]:
        """Higher to lower passes where no list is applied; to an equal level with `same-security-traffic`."""
        everywhere = self.groups.everywhere
        lines: list[FilterLine] = []
        for facts in self._passing():
            if facts.name in self.groups.inward:
                continue
            lower = self._by_level(facts, operator.lt)
            equal = self._by_level(facts, operator.eq) if self.between_equals else frozenset()
            itself = self._wide(facts.name) if self.back_again else frozenset()
            for label, egress, more in (
                ("same-security-traffic intra-interface", itself, self.back_again),
                ("security-level", lower, ()),
                ("same-security-traffic inter-interface", equal, self.between_equals),
            ):
                if egress:
                    lines.append(
                        FilterLine(
                            label,
                            Action.PERMIT,
                            ANY_PACKET,
                            (*facts.level_sources, *more),
                            Certainty.ALWAYS if everywhere is None else Certainty.UNCERTAIN,
                            None if everywhere is None else _GLOBAL_AND_LEVELS,
                            ingress=self._wide(facts.name),
                            egress=egress,
                        )
                    )
        return lines

    def _implicit(self) -> list[FilterLine]:
        """What nothing permits is denied; the line shows which interface it entered by. It is logged (message 106023 and the like)."""
        lines: list[FilterLine] = []
        everywhere = self.groups.everywhere
        for facts in self._passing():
            applied = self.groups.inward.get(facts.name)
            egress: frozenset[str] | None = None
            sources: Sources
            if everywhere is not None:
                label, sources = f"{everywhere.name} implicit deny", (everywhere.line,)
            elif applied is not None:
                label, sources = f"{applied.name} implicit deny", (applied.line,)
            else:
                label, sources = "security-level", facts.level_sources
                egress = self._refused_by_level(facts)
            if egress == frozenset() or any(self._ends(one) for one in (applied, everywhere) if one is not None):
                continue
            lines.append(
                FilterLine(
                    label, Action.DENY, ANY_PACKET, sources, logged=True, ingress=self._wide(facts.name), egress=egress
                )
            )
        return lines

    def _refused_by_level(self, facts: InterfaceFacts) -> frozenset[str]:
        if self.between_equals:
            return self._by_level(facts, operator.gt)
        return self._by_level(facts, operator.ge)

    def _ends(self, applied: Applied) -> bool:
        """Whether a list says itself what happens to everything else."""
        held = self.lists.get(applied.name)
        if held is None or not held.lines or held.other:
            return False
        last = held.lines[-1]
        return last.certainty is Certainty.ALWAYS and last.action is not Action.UNKNOWN and last.matches == ANY_PACKET


def _of(services: tuple[Service, ...]) -> tuple[Match, ...]:
    return (Match(4, ANY_IPV4, ANY_IPV4, services), Match(6, ANY_IPV6, ANY_IPV6, services))


def _established(
    label: str, protocols: tuple[tuple[int, int], ...], sources: Sources, doubt: Text | None
) -> FilterLine:
    return FilterLine(
        label,
        Action.PERMIT,
        _of((Service(protocols),)),
        sources,
        Certainty.ALWAYS if doubt is None else Certainty.UNCERTAIN,
        doubt,
        connection=Connection.ESTABLISHED,
    )
