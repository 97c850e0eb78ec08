"""Which form of address translation a device has, and what its lists see therefore.

From 8.3 on (AS-03) lists name real addresses. Before, they name the addresses that stand in packets at their interface. `static`, `global` and
`nat (IF) N` exist before 8.3 only; with a file that tells no release, lists may mean either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from secaudit.network.device import DoubtKind, Stage
from secaudit.network.routes import Route
from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.cisco_asa.access_groups import AccessGroups
from secaudit.vendors.cisco_asa.access_lists import AccessList
from secaudit.vendors.cisco_asa.interface_facts import InterfaceFacts
from secaudit.vendors.cisco_asa.mapped_lists import MappedLists
from secaudit.vendors.cisco_asa.nat_lines import NatReader
from secaudit.vendors.cisco_asa.nat_rules import TOO_MANY, NatModel
from secaudit.vendors.cisco_asa.objects import Objects
from secaudit.vendors.cisco_asa.old_nat_lines import OldLines, OldNatReader, is_old_form
from secaudit.vendors.cisco_asa.old_nat_rules import OldNatModel
from secaudit.vendors.cisco_asa.vocabulary import Defaults
from secaudit.vendors.common.ledger import DEVICE, Ledger, on_interfaces
from secaudit.vendors.common.sections import Sections

PIPELINE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_FILTER,
    Stage.EGRESS_NAT,
    Stage.DIVERSION,
)
"""Lists see real addresses: after the destination was translated back, before the source is translated (table 0.2). Only tunnels have a
filter at the first stage; what a crypto map takes is chosen last, by translated addresses."""
_PIPELINE_BEFORE = (
    Stage.INGRESS_FILTER,
    Stage.INGRESS_NAT,
    Stage.ROUTE,
    Stage.POLICY,
    Stage.EGRESS_NAT,
    Stage.EGRESS_FILTER,
    Stage.DIVERSION,
)
"""Before 8.3 an outgoing list sees the packet as it leaves."""

_NAT_AND_VERSION = Text(
    ja="NAT の書式と版が合わず、アクセスリストが変換前後のどちらのアドレスを見るか確認できません",
    en="the form of the NAT rules does not fit the version: which addresses the access lists see is not certain",
)
_NAT_CONTROL = Text(
    ja="nat-control は 8.3 以降にはないコマンドで、働きを確認できません",
    en="`nat-control` is no command of 8.3 and later: what it does is not confirmed",
)
_ALIAS = Text(
    ja="alias による変換はモデル化していません",
    en="translation by `alias` is not modelled",
)
_OUTGOING = Text(
    ja="版が不明なため、out のアクセスリストが変換前と変換後のどちらの送信元を見るか分かりません",
    en="the version is not known, so whether the outgoing access list sees mapped or real sources is not known",
)


@dataclass(frozen=True, slots=True)
class AddressTranslation:
    """The rules of a device, how its lists see packets, and the order of its stages."""

    nat: NatModel
    mapped: MappedLists | None
    pipeline: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class TranslationReader:
    """Reads the translation of one device."""

    objects: Objects
    interfaces: Mapping[str, InterfaceFacts]
    lists: Mapping[str, AccessList]
    groups: AccessGroups
    usual: Defaults
    identity: Sources
    ledger: Ledger

    def read(
        self,
        sections: Sections,
        routes: Sequence[Route],
        behind: Callable[[str | None], frozenset[str] | None],
    ) -> AddressTranslation:
        """The lines of either form."""
        nodes = sections.of("nat")
        nat = NatModel(self.interfaces, routes, behind, self.ledger)
        nat.build(NatReader(self.objects, self.interfaces, self.ledger).read(n for n in nodes if not is_old_form(n)))
        reader = OldNatReader(self.objects, self.interfaces, self.lists, self.ledger)
        old = reader.read(node for node in nodes if is_old_form(node))
        before = self.usual.lists_name_real_addresses is not True
        new_lines = [node.line for node in nodes if not is_old_form(node)]
        new_lines += [node.line for held in self.objects.networks.values() for node in held.translations]
        if new_lines and before and (self.usual.lists_name_real_addresses is not None or old):
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _NAT_AND_VERSION, (*self.identity, new_lines[0]))
        self._alias(sections)
        control = self._control(sections, before=before)
        if not before:
            self._misplaced(old)
        elif old or control:
            return self._before(old, control, nat)
        return AddressTranslation(nat, None, PIPELINE)

    def _before(self, old: OldLines, control: Sources, nat: NatModel) -> AddressTranslation:
        model = OldNatModel(self.interfaces, nat, control)
        if not model.build(old):
            self.ledger.doubt(DoubtKind.TOO_COMPLEX, TOO_MANY, tuple(_lines(old))[:1])
        if self.usual.lists_name_real_addresses is None and old:
            for name, applied in self.groups.outward.items():
                self.ledger.doubt(DoubtKind.UNSUPPORTED, _OUTGOING, (applied.line,), on_interfaces(name))
        mapped = MappedLists(model.untranslations, self.usual.lists_name_real_addresses is None)
        return AddressTranslation(nat, mapped, _PIPELINE_BEFORE)

    def _control(self, sections: Sections, *, before: bool) -> Sources:
        nodes = sections.of("nat control")
        for node in nodes:
            self.ledger.use_all(node)
        lines = tuple(node.line for node in nodes)
        if lines and not before:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _NAT_CONTROL, lines)
        # What it refuses is never relied on, so that a default that is not sure is the same as one that is on.
        return lines or (self.identity if before and self.usual.nat_control is not False else ())

    def _alias(self, sections: Sections) -> None:
        for node in sections.of("alias"):
            name = node.words[1].strip("()") if len(node.words) > 1 else ""
            scope = on_interfaces(name) if name in self.interfaces else DEVICE
            self.ledger.use_all(node)
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _ALIAS, (node.line,), scope)

    def _misplaced(self, old: OldLines) -> None:
        """Lines of before 8.3 in a file of a later release."""
        for static in old.statics:
            scope = on_interfaces(static.real_interface, static.mapped_interface)
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _NAT_AND_VERSION, (static.line,), scope)
        others = [(one.line, one.interface) for one in old.nats] + [(one.line, one.interface) for one in old.pools]
        for line, name in others:
            self.ledger.doubt(DoubtKind.UNSUPPORTED, _NAT_AND_VERSION, (line,), on_interfaces(name))


def _lines(old: OldLines) -> list[SourceLine]:
    return [*(one.line for one in old.statics), *(one.line for one in old.nats), *(one.line for one in old.pools)]
