"""Rules of security groups as they are written, and what is left of them when some packets are taken out.

A group has permits only, so packets are excepted by narrower permits: of a range of addresses what is outside of the excepted ones keeps all
services, what is inside keeps the services that are not excepted. A group or prefix list that a rule names cannot be split.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Any

from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_PORT,
    IPV4_MAX,
    IPV6_MAX,
    Interval,
    Intervals,
    intersect,
    normalise,
    of_network,
    subtract,
)
from secaudit.network.matches import ANY_MARK, ICMP, ICMPV6, TCP, UDP, Family, Match, Service
from secaudit.text.bilingual import Text
from secaudit.vendors.aws.permissions import services
from secaudit.vendors.aws.records import Record, network_of
from secaudit.vendors.cloud.groups import FAMILIES
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.wording import prefixes

WHOLE: Intervals = ((0, 65535),)
PEERS: Mapping[str, str] = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}
"""The lists of who may be at the other end, with the member that tells who."""
SIDES: Mapping[bool, str] = {False: "IpPermissions", True: "IpPermissionsEgress"}
"""The lists of rules of a group, by whether they are outbound."""
_DESCRIPTION = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
"""What AWS takes as the description of a rule (EC2 API reference, `IpRange`): nothing else can come from it, or would be accepted."""
_WORDS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}
_PORTED = (TCP, UDP)
MOST_RULES = 16
"""More rules than this in place of others are nothing to keep; a network ACL says it with one entry."""
TOO_MANY = Text(
    ja=f"セキュリティグループには拒否の規則がなく、この通信だけを除くと許可の規則が {MOST_RULES} 件を超えて増えるため、投入コマンドにしない。",
    en=f"a security group has no denying rules, and more than {MOST_RULES} narrower permits would be needed to except these packets",
)
_FLAGS = Text(
    ja="TCP フラグの条件は AWS の規則では書けない。",
    en="no rule of AWS has a condition on TCP flags",
)
_NO_PORTS = Text(
    ja="TCP と UDP 以外のポートの条件は AWS の規則では書けない。",
    en="no rule of AWS has ports of other protocols than TCP and UDP",
)
_MARKED = Text(
    ja="アドレスの変換を受けた通信だけを指す条件は AWS の規則では書けない。",
    en="no rule of AWS tells packets that were translated from others",
)


SOURCE_PORTS = Text(
    ja="AWS の規則に送信元ポートの条件はないため、送信元ポートにかかわらず止まる。",
    en="rules of AWS have no source ports, so packets are stopped whatever their source port is",
)


def highest(family: Family) -> int:
    """The last address of a family."""
    return IPV4_MAX if family == 4 else IPV6_MAX


# --- services -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """A set of services: of every protocol its ports (TCP, UDP), its ICMP types and codes (type x 256 + code), or all of it."""

    parts: tuple[Intervals, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        return not any(self.parts)

    def __sub__(self, other: ServiceSet) -> ServiceSet:
        return ServiceSet(
            tuple(
                subtract(mine, its, 65535) if its else mine for mine, its in zip(self.parts, other.parts, strict=True)
            )
        )

    def meets(self, other: ServiceSet) -> bool:
        """Whether some service is in both."""
        return any(mine and its and intersect(mine, its) for mine, its in zip(self.parts, other.parts, strict=True))


@dataclass(frozen=True, slots=True)
class Wording:
    """Services as a rule has them: protocol and two numbers (ports, ICMP type and code), or none of these."""

    protocol: str
    first: int | None = None
    last: int | None = None


EVERYTHING = ServiceSet((WHOLE,) * 256)


def services_of(held: Iterable[Service], typed: Collection[int] = (ICMP, ICMPV6)) -> ServiceSet:
    """Services as a set; `typed` are the protocols of which ICMP types are told. Source ports are left out. Raises `NotSaidError`."""
    parts: list[list[Interval]] = [[] for _ in range(256)]
    for service in held:
        for low, high in service.protocols:
            for protocol in range(low, high + 1):
                parts[protocol] += _part(service, protocol, typed)
    return ServiceSet(tuple(normalise(one) for one in parts))


def _part(service: Service, protocol: int, typed: Collection[int]) -> Intervals:
    if protocol == TCP and service.tcp_flags != ANY_BYTE:
        raise NotSaidError(_FLAGS)
    if protocol in _PORTED:
        return service.destination_ports
    if protocol in typed:
        types, codes = service.icmp_types, service.icmp_codes
        return normalise(
            (kind * 256 + low, kind * 256 + high) for a, b in types for kind in range(a, b + 1) for low, high in codes
        )
    if protocol == 132 and (service.destination_ports != ANY_PORT or service.source_ports != ANY_PORT):
        raise NotSaidError(_NO_PORTS)
    return WHOLE


def names_source_ports(match: Match) -> bool:
    """Whether a match asks for source ports, which no rule of AWS does."""
    return any(one.source_ports != ANY_PORT for one in match.services)


def services_of_match(match: Match) -> ServiceSet:
    """The services of a match, but for source ports: `names_source_ports` asks for them. Raises `NotSaidError`."""
    if match.marks != ANY_MARK:
        raise NotSaidError(_MARKED)
    return services_of(match.services, (ICMP if match.family == 4 else ICMPV6,))


def wordings(held: ServiceSet) -> Iterator[Wording]:
    """The fewest rules for services, as security groups name protocols; those of network ACLs are `numbered`."""
    if held == EVERYTHING:
        yield Wording("-1")
        return
    for protocol, part in enumerate(held.parts):
        word = _WORDS.get(protocol, str(protocol))
        if protocol in _PORTED:
            yield from (Wording(word, low, high) for low, high in part)
        elif protocol not in (ICMP, ICMPV6):
            if part:
                yield Wording(word)
        elif part == WHOLE:
            yield Wording(word, -1, -1)
        else:
            for low, high in part:
                yield from _types(word, low, high)


def _types(word: str, low: int, high: int) -> Iterator[Wording]:
    while low <= high:
        kind, code = divmod(low, 256)
        if code == 0 and low + 255 <= high:
            yield Wording(word, kind, -1)
            low += 256
        else:
            yield Wording(word, kind, code)
            low += 1


def numbered(wording: Wording) -> str:
    """The protocol of a wording as network ACLs name it."""
    return next((str(number) for number, word in _WORDS.items() if word == wording.protocol), wording.protocol)


# --- rules ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a security group: services, the list (`kind`) and who is at the other end, and what else the entry holds."""

    wording: Wording
    kind: str
    peer: str
    account: str = ""
    description: str = ""

    @property
    def identity(self) -> tuple[Wording, str, str]:
        """What AWS tells rules apart by."""
        return self.wording, self.kind, self.peer

    def end(self, *, described: bool) -> dict[str, Any]:
        """Who is at the other end, as `--ip-permissions` has it."""
        found: dict[str, Any] = {PEERS[self.kind]: self.peer}
        if self.account:
            found["UserId"] = self.account
        if described and _DESCRIPTION.fullmatch(self.description):
            found["Description"] = self.description
        return found


def triple(wording: Wording) -> dict[str, Any]:
    """Protocol and numbers as an entry has them."""
    numbers = {"FromPort": wording.first, "ToPort": wording.last}
    return {"IpProtocol": wording.protocol, **{key: one for key, one in numbers.items() if one is not None}}


def wording_of(record: Record) -> Wording:
    """Protocol and numbers of an entry or a rule record."""
    protocol = record.text("IpProtocol")
    if protocol == "-1":
        return Wording(protocol)
    return Wording(protocol, record.number("FromPort"), record.number("ToPort"))


def rules_of_entry(record: Record) -> Iterator[Rule | None]:
    """The rules of one entry of `IpPermissions`; None for one that does not tell who is at the other end."""
    for kind, member in PEERS.items():
        for one in record.children(kind):
            peer = one.text(member)
            yield (
                Rule(wording_of(record), kind, _canonical(kind, peer), one.text("UserId"), one.text("Description"))
                if peer
                else None
            )


def rule_of_record(record: Record) -> Rule | None:
    """One record of `describe-security-group-rules`."""
    other = record.child("ReferencedGroupInfo")
    told = {
        "IpRanges": record.text("CidrIpv4"),
        "Ipv6Ranges": record.text("CidrIpv6"),
        "PrefixListIds": record.text("PrefixListId"),
        "UserIdGroupPairs": "" if other is None else other.text("GroupId"),
    }
    account = "" if other is None else other.text("UserId")
    found = [(kind, peer) for kind, peer in told.items() if peer]
    if len(found) != 1:
        return None
    ((kind, peer),) = found
    return Rule(wording_of(record), kind, _canonical(kind, peer), account, record.text("Description"))


def _canonical(kind: str, peer: str) -> str:
    network = network_of(peer) if kind in ("IpRanges", "Ipv6Ranges") else None
    return peer if network is None else str(network)


# --- taking packets out ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Packets to be excepted: who is at the other end, and services."""

    family: Family
    peers: Intervals
    services: ServiceSet


@dataclass(frozen=True, slots=True)
class Peers:
    """Who is at the other end of a rule that names a group or a list: by family the addresses that surely are, and those that may be."""

    sure: Mapping[Family, Intervals]
    perhaps: Mapping[Family, Intervals]


@cache
def services_of_wording(wording: Wording) -> ServiceSet | None:
    """The services of a rule; None when it is not understood."""
    held = services(wording.protocol, wording.first, wording.last)
    return None if held is None else services_of(held[4])


def without(rule: Rule, taken: Sequence[Taken]) -> list[Rule]:
    """What is left of a rule for a range of addresses: the rule itself when nothing of it is excepted. Raises `NotSaidError`."""
    network = network_of(rule.peer)
    assert network is not None, "only ranges are split"
    family: Family = 4 if network.version == 4 else 6
    held = services_of_wording(rule.wording)
    assert held is not None, "only rules that are understood are split"
    pieces: list[tuple[Intervals, ServiceSet]] = [((of_network(network),), held)]
    for one in taken:
        if one.family == family:
            pieces = [part for piece in pieces for part in _outside(piece, one)]
    together: dict[ServiceSet, list[Interval]] = {}
    for peers, left in pieces:
        together.setdefault(left, []).extend(peers)
    return _few(_worded(rule, family, held, together))


def _few(rules: Iterable[Rule]) -> list[Rule]:
    found = list(islice(rules, MOST_RULES + 2))
    if len(found) > MOST_RULES + 1:
        raise NotSaidError(TOO_MANY)
    return found


def _outside(piece: tuple[Intervals, ServiceSet], one: Taken) -> Iterator[tuple[Intervals, ServiceSet]]:
    peers, held = piece
    inside = intersect(peers, one.peers)
    if not inside or not held.meets(one.services):
        yield piece
        return
    outside = subtract(peers, one.peers, highest(one.family))
    if outside:
        yield outside, held
    left = held - one.services
    if not left.is_empty:
        yield inside, left


def _worded(
    rule: Rule, family: Family, held: ServiceSet, together: Mapping[ServiceSet, list[Interval]]
) -> Iterator[Rule]:
    for left, peers in together.items():
        words = (rule.wording,) if left == held else wordings(left)
        for word in words:
            for interval in normalise(peers):
                for prefix in prefixes(family, interval):
                    yield replace(rule, wording=word, peer=str(prefix))


_PARTLY = Text(
    ja="規則がセキュリティグループ又はプレフィックスリストを指しており、その一部のアドレスだけを除くことはできない。",
    en="the rule names a security group or a prefix list, of which some addresses alone cannot be excepted",
)


def without_members(rule: Rule, taken: Sequence[Taken], peers: Peers) -> tuple[list[Rule], bool]:
    """What is left of a rule that names a group or a list, and whether more is taken out than asked: of addresses that may be meant as well.

    Raises `NotSaidError` where only some of the addresses are excepted.
    """
    held = services_of_wording(rule.wording)
    assert held is not None, "only rules that are understood are split"
    left: dict[ServiceSet, None] = {}
    wider = False
    for family in FAMILIES:
        sure, perhaps = peers.sure.get(family, ()), peers.perhaps.get(family, ())
        if not sure and not perhaps:
            continue
        rest = held
        for one in taken:
            if one.family != family or not intersect((*sure, *perhaps), one.peers) or not rest.meets(one.services):
                continue
            if subtract(sure, one.peers, highest(family)):
                raise NotSaidError(_PARTLY)
            wider = wider or bool(subtract(perhaps, one.peers, highest(family)))
            rest -= one.services
        left[rest] = None
    if len(left) > 1:
        raise NotSaidError(_PARTLY)
    rest = next(iter(left), held)
    if rest == held:
        return [rule], False
    return _few(replace(rule, wording=word) for word in wordings(rest)), wider


def as_argument(rules: Iterable[Rule], *, described: bool) -> str:
    """Rules as the JSON of `--ip-permissions`: printable characters of ASCII only."""
    together: dict[Wording, dict[str, Any]] = {}
    for rule in rules:
        entry = together.setdefault(rule.wording, triple(rule.wording))
        entry.setdefault(rule.kind, []).append(rule.end(described=described))
    return json.dumps(list(together.values()), separators=(",", ":"))
