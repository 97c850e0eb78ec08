"""Changes of security groups: which rules give way to which, for all changes of one device."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from secaudit.network.changes import InsertDeny, RemoveLine
from secaudit.network.device import Device
from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import Intervals, intersect, normalise, subtract
from secaudit.network.matches import Family, Match
from secaudit.text.bilingual import Text
from secaudit.vendors.aws.defaults import defaults
from secaudit.vendors.aws.networks import Networks
from secaudit.vendors.aws.permissions import ports_label
from secaudit.vendors.aws.records import Records
from secaudit.vendors.aws.repair_rules import (
    MOST_RULES,
    SIDES,
    SOURCE_PORTS,
    TOO_MANY,
    Peers,
    Rule,
    Taken,
    as_argument,
    highest,
    names_source_ports,
    rule_of_record,
    rules_of_entry,
    services_of,
    services_of_match,
    services_of_wording,
    without,
    without_members,
)
from secaudit.vendors.cloud.groups import FAMILIES, OUTBOUND, Cards, addresses_of, of_prefixes
from secaudit.vendors.cloud.model import Cloud, NetworkCard
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.wording import NOT_REMOVABLE

_ID = re.compile(r"(?:sg|pl)-[0-9a-f]{8,17}")
_SHOWN = 5
_NO_CARD = Text(
    ja="この通信に作用するセキュリティグループがない。",
    en="no security group acts on these packets",
)
_NOT_KNOWN = Text(
    ja="セキュリティグループの内容の一部が提出されていないか、読み取れないため、規則を置き換えられない。",
    en="some rules of the security group were not submitted or not understood, so they cannot be replaced",
)
_HOSTS_NOT_KNOWN = Text(
    ja="サブネットのネットワークインターフェースがすべて提出されていないため、セキュリティグループの変更では止められない。",
    en="not all network interfaces of the subnet were submitted, so no change of known security groups stops the packets",
)
_NO_ORDER = Text(
    ja="セキュリティグループの規則に順番はなく、前の規則が許可する通信だけを残すことはできない。",
    en="rules of security groups have no order: what an earlier line permits cannot stay permitted by itself",
)
_BAD_ID = Text(
    ja="セキュリティグループ又はプレフィックスリストの ID の形式が AWS のものではないため、投入コマンドにしない。",
    en="an id is none of a security group or prefix list of AWS, so no command is written with it",
)
_SESSIONS = Text(
    ja="すでに確立している接続は、規則を外しても切れるまで許可される。すぐに切る必要があるときは、対象の接続を終了させること。",
    en="connections that are already open stay permitted until they end, whatever the rules say; end them if need be",
)
_ORDER = Text(
    ja="セキュリティグループには拒否の規則がないため、許可の規則を、この通信を含まない狭いものに置き換える。必要な通信が途切れないように、新しい規則を加えてから元の規則を外す。途中で失敗した場合は、元の規則を外す前に止めること。",
    en="a security group has no denying rules, so permits give way to narrower ones without these packets: new rules are added before old ones are taken out, so that nothing needed is interrupted; when a line fails, stop before the old rules are taken out",
)
_MEMBERS = Text(
    ja="規則が指すグループのうち、提出されていないネットワークインターフェースの通信も止まる。",
    en="the rule names a group, and packets of members that were not submitted are stopped as well",
)


class GroupSession:
    """The rules of all groups that changes touch, before and after. Nothing is written until all changes are known."""

    def __init__(self, device: Device, records: Records, cloud: Cloud) -> None:
        network = device.name.rpartition("/")[2]
        self._device = device
        self._records = records
        self._lists = Networks(records).prefix_list
        self._held = Cards(cloud)
        self._groups = {one.id: one for one in cloud.groups}
        self._cards = [one for one in cloud.cards if one.network == network]
        self._subnets = [one for one in cloud.subnets if one.network == network]
        self._before: dict[tuple[str, bool], list[Rule]] = {}
        self._after: dict[tuple[str, bool], list[Rule]] = {}
        self._notes: list[Text] = []

    # --- changes ----------------------------------------------------------------------------------------------

    def insert(self, change: InsertDeny) -> None:
        """Packets that the groups no longer permit. Raises `NotSaidError`."""
        outbound = change.filter == OUTBOUND
        port = change.ingress if outbound else change.egress
        taken: dict[str, list[Taken]] = {}
        for match in change.matches:
            own, peers = (match.sources, match.destinations)[:: 1 if outbound else -1]
            self._check_order(change, match)
            cards = [one for one in self._of_port(port) if intersect(addresses_of(one, match.family), own)]
            self._check_hosts(match.family, own, port)
            names = self._names(cards)
            for name in names:
                taken.setdefault(name, []).append(Taken(match.family, peers, services_of_match(match)))
            self._note_others(names, match.family, own, cards)
            if names_source_ports(match):
                self._notes.append(SOURCE_PORTS)
        for name, held in taken.items():
            self._take(name, outbound, held)

    def remove(self, change: RemoveLine) -> None:
        """The rule of a line is taken out. Raises `NotSaidError`."""
        lines = self._device.filters[change.filter].lines
        line = lines[change.position]
        outbound = change.filter == OUTBOUND
        cards = [one for one in self._cards if one.id == line.comment]
        same = [one for one in lines if (one.label, one.comment) == (line.label, line.comment)]
        if line.action is not Action.PERMIT or len(cards) != 1 or len(same) != 1:
            raise NotSaidError(NOT_REMOVABLE)
        found = [
            (name, rule)
            for name in self._names(cards)
            for rule in self._rules(name, outbound)
            if _label(rule) == line.label
        ]
        if len(found) != 1:
            raise NotSaidError(NOT_REMOVABLE)
        ((name, rule),) = found
        self._after[name, outbound] = [one for one in self._rules(name, outbound) if one is not rule]
        self._note_cards([one for one in self._held.by_group.get(name, ()) if one.id != line.comment], (name,))

    # --- what is concerned ------------------------------------------------------------------------------------

    def _of_port(self, port: str | None) -> list[NetworkCard]:
        return [one for one in self._cards if port is None or one.subnet == port]

    def _names(self, cards: Sequence[NetworkCard]) -> list[str]:
        """The groups of cards, all of which were submitted."""
        names: dict[str, None] = {}
        for card in cards:
            if card.groups is None or any(name not in self._groups for name in card.groups):
                raise NotSaidError(_NOT_KNOWN)
            if not card.groups:
                raise NotSaidError(_NO_CARD)
            names.update(dict.fromkeys(card.groups))
        if not names:
            raise NotSaidError(_NO_CARD)
        return list(names)

    def _check_order(self, change: InsertDeny, match: Match) -> None:
        for line in self._device.filters[change.filter].lines[: change.position]:
            if line.action is Action.PERMIT and line.certainty is Certainty.ALWAYS and meets(line, match, change):
                raise NotSaidError(_NO_ORDER)

    def _check_hosts(self, family: Family, own: Intervals, port: str | None) -> None:
        """Hosts that nobody submitted have groups that nobody knows."""
        for subnet in self._subnets:
            if (port is None or subnet.id == port) and not self._held.complete(subnet):
                known = normalise(span for card in self._held.of(subnet.id) for span in addresses_of(card, family))
                rest = subtract(of_prefixes(subnet.prefixes, family), known, highest(family))
                if intersect(rest, own):
                    raise NotSaidError(_HOSTS_NOT_KNOWN)

    # --- rules ------------------------------------------------------------------------------------------------

    def _rules(self, name: str, outbound: bool) -> list[Rule]:
        """The rules of a group as they are by now. Raises `NotSaidError` when one was not understood."""
        found = self._after.get((name, outbound))
        if found is None:
            found = list(self._read(name, outbound))
            self._before[name, outbound] = found
            self._after[name, outbound] = found
        return found

    def _read(self, name: str, outbound: bool) -> Iterator[Rule]:
        group = self._groups[name]
        if any(one.unsure is not None for one in (group.outbound if outbound else group.inbound)):
            raise NotSaidError(_NOT_KNOWN)
        record = self._records.one("SecurityGroups", name)
        if record is not None and record.has(SIDES[outbound]):
            found = [rule for one in record.children(SIDES[outbound]) for rule in rules_of_entry(one)]
        else:
            told = [one for _, one in self._records.of("SecurityGroupRules") if one.text("GroupId") == name]
            if any(one.flag("IsEgress") is None for one in told):
                raise NotSaidError(_NOT_KNOWN)
            found = [rule_of_record(one) for one in told if one.flag("IsEgress") is outbound]
        for rule in found:
            if rule is None or services_of_wording(rule.wording) is None:
                raise NotSaidError(_NOT_KNOWN)
            yield rule

    def _take(self, name: str, outbound: bool, taken: Sequence[Taken]) -> None:
        left: dict[tuple[object, ...], Rule] = {}
        for rule in self._rules(name, outbound):
            if rule.kind in ("IpRanges", "Ipv6Ranges"):
                rest = without(rule, taken)
            else:
                rest, wider = without_members(rule, taken, self._peers(rule))
                if wider:
                    self._notes.append(_MEMBERS)
            for one in rest:
                left.setdefault(one.identity, one)
        if len(left) > len(self._before[name, outbound]) + MOST_RULES:
            raise NotSaidError(TOO_MANY)
        self._after[name, outbound] = list(left.values())

    def _peers(self, rule: Rule) -> Peers:
        if rule.kind == "PrefixListIds":
            found = self._lists(rule.peer)
            assert found is not None, "an unknown list makes a rule unsure"
            return Peers({family: of_prefixes(found[0], family) for family in FAMILIES}, {})
        group = self._groups.get(rule.peer)
        if group is None:
            everybody = self._held.by_group.get(rule.peer, ())
            sure = {family: normalise(s for c in everybody for s in addresses_of(c, family)) for family in FAMILIES}
            return Peers(sure, {family: ((0, highest(family)),) for family in FAMILIES})
        both = {family: self._held.members(group, family) for family in FAMILIES}
        return Peers({one: both[one][0] for one in FAMILIES}, {one: both[one][1] for one in FAMILIES})

    # --- what is said -----------------------------------------------------------------------------------------

    def differences(self) -> Iterator[tuple[str, bool, list[Rule], list[Rule]]]:
        """Groups with the rules that come and those that go, by direction (True: outbound)."""
        for (name, outbound), before in self._before.items():
            after = self._after[name, outbound]
            old, new = ({one.identity: one for one in rules} for rules in (before, after))
            added = [one for identity, one in new.items() if identity not in old]
            gone = [one for identity, one in old.items() if identity not in new]
            if added or gone:
                yield name, outbound, added, gone

    def permitting(self) -> Iterator[tuple[str, ...]]:
        """The lines that permit. Raises `NotSaidError`."""
        for name, outbound, added, _ in self.differences():
            if added:
                yield _line("authorize", name, outbound, added, described=True)

    def revoking(self) -> Iterator[tuple[str, ...]]:
        """The lines that no longer permit. Raises `NotSaidError`."""
        for name, outbound, _, gone in self.differences():
            if gone:
                yield _line("revoke", name, outbound, gone, described=False)

    def notes(self) -> Iterator[Text]:
        """What a person should know before."""
        yield from self._notes
        held = list(self.differences())
        if any(added for _, _, added, _ in held):
            yield _ORDER
        quota = defaults().group_quota
        for name, outbound, added, _ in held:
            number = len(self._before[name, outbound]) + len(added)
            if number > quota:
                yield Text(
                    ja=f"{name} の規則が一時 {number} 件になり、既定の上限({quota} 件)を超える。先に上限の引上げを申請すること。",
                    en=f"{name} will have {number} rules for a while, more than the usual quota of {quota}; ask for a higher one first",
                )
        if held:
            yield _SESSIONS

    def _note_others(self, names: Sequence[str], family: Family, own: Intervals, cards: Sequence[NetworkCard]) -> None:
        """Cards of the same groups that the change does not mean."""
        maximum = highest(family)
        meant = {one.id for one in cards}
        others = {
            card.id: card
            for name in names
            for card in self._held.by_group.get(name, ())
            if card.id not in meant or subtract(addresses_of(card, family), own, maximum)
        }
        self._note_cards(list(others.values()), names)

    def _note_cards(self, cards: Sequence[NetworkCard], names: Iterable[str]) -> None:
        listed = ", ".join(one.id for one in cards[:_SHOWN])
        if cards:
            shown = ", ".join(names)
            rest_ja = f" ほか {len(cards) - _SHOWN} 件" if len(cards) > _SHOWN else ""
            rest_en = f" and {len(cards) - _SHOWN} more" if len(cards) > _SHOWN else ""
            self._notes.append(
                Text(
                    ja=f"同じセキュリティグループ({shown})に属する {listed}{rest_ja} にも効く。",
                    en=f"the change acts on {listed}{rest_en} as well, in the same security groups ({shown})",
                )
            )


def _line(verb: str, name: str, outbound: bool, rules: Sequence[Rule], *, described: bool) -> tuple[str, ...]:
    named = [one.peer for one in rules if one.kind in ("PrefixListIds", "UserIdGroupPairs")]
    if not all(_ID.fullmatch(one) for one in (name, *named)):
        raise NotSaidError(_BAD_ID)
    action = f"{verb}-security-group-{'egress' if outbound else 'ingress'}"
    return ("aws", "ec2", action, "--group-id", name, "--ip-permissions", as_argument(rules, described=described))


def _label(rule: Rule) -> str:
    first, last = ("" if one is None else str(one) for one in (rule.wording.first, rule.wording.last))
    return f"{ports_label(first, last, rule.wording.protocol)} {rule.peer}"


def meets(line: FilterLine, match: Match, change: InsertDeny) -> bool:
    """Whether a line may match packets of a match, at the interfaces of a change."""
    for held, meant in ((line.ingress, change.ingress), (line.egress, change.egress)):
        if held is not None and meant is not None and meant not in held:
            return False
    wanted = services_of_match(match)
    return any(
        one.family == match.family
        and intersect(one.sources, match.sources)
        and intersect(one.destinations, match.destinations)
        and services_of(one.services).meets(wanted)
        for one in line.matches
    )
