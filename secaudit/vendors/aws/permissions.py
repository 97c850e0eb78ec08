"""Rules of security groups and entries of network ACLs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from secaudit.network.filters import Action, Certainty, FilterLine
from secaudit.network.intervals import IPNetwork, of_network
from secaudit.network.matches import ANY_PACKET, ICMP, ICMPV6, TCP, UDP, Match, Service, any_address
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources
from secaudit.vendors.aws.defaults import defaults
from secaudit.vendors.aws.records import Record, merged, network_of
from secaudit.vendors.cloud.model import GroupRule

_PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMPV6}
_NOT_UNDERSTOOD = Text(ja="規則の内容を読み取れない。", en="the rule was not understood")
_UNKNOWN_LIST = Text(
    ja="規則が指すプレフィックスリストの内容が提出されていない。",
    en="the prefix list that the rule names was not submitted",
)
PrefixLists = Callable[[str], tuple[tuple[IPNetwork, ...], Sources] | None]
"""The prefixes of a prefix list, by its id; None when they are not known."""
Services = Mapping[int, tuple[Service, ...]]
_PEERS: Mapping[int, tuple[str, ...]] = {
    4: ("IpRanges", "PrefixListIds", "UserIdGroupPairs"),
    6: ("Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"),
}
"""The lists of who may be at the other end, by address family."""


def services(protocol: str, first: int | None, last: int | None) -> Services | None:
    """The services of a rule, by address family; None when it is not understood.

    `-1` is every protocol. Ports count for TCP and UDP; for ICMP the first number is the type and the second the code, -1 being any; for
    every other protocol they are ignored (EC2 API reference, `IpPermission` and `NetworkAclEntry`).
    """
    number = _PROTOCOLS.get(protocol.lower())
    if number is None:
        if protocol == "-1" or protocol.lower() == "all":
            return {4: (Service(),), 6: (Service(),)}
        if not (protocol.isascii() and protocol.isdigit()) or int(protocol) > 255:
            return None
        number = int(protocol)
    only = ((number, number),)
    if number in (ICMP, ICMPV6):
        return _icmp(number, first, last)
    if number not in (TCP, UDP):
        found = (Service(only),)
        return {4: found, 6: found}
    if first is None or last is None:
        return None
    if (first, last) in ((-1, -1), (0, 65535)):
        found = (Service(only),)
    elif 0 <= first <= last <= 65535:
        found = (Service(only, ((first, last),)),)
    else:
        return None
    return {4: found, 6: found}


def _icmp(number: int, type_: int | None, code: int | None) -> Services | None:
    if type_ is None or not -1 <= type_ <= 255 or (code is not None and not -1 <= code <= 255):
        return None
    types = ((0, 255),) if type_ == -1 else ((type_, type_),)
    codes = ((0, 255),) if code in (-1, None) or type_ == -1 else ((code, code),)
    found = (Service(((number, number),), icmp_types=types, icmp_codes=codes),)
    # "icmp" of a rule for IPv6 addresses is not ICMPv6; what it matches there is not told, and nothing sends it.
    return {4: found, 6: found}


# --- security groups ------------------------------------------------------------------------------------------


def permission(record: Record, lists: PrefixLists) -> list[GroupRule]:
    """The rules of one entry of `IpPermissions` or `IpPermissionsEgress`: one a range, list or group. AWS writes lists without content out, so one that is
    not there was not told."""
    protocol = record.text("IpProtocol")
    held = services(protocol, record.number("FromPort"), record.number("ToPort"))
    head = record.sources("IpProtocol", "FromPort", "ToPort")
    ports = ports_label(record.text("FromPort"), record.text("ToPort"), protocol)
    rules = []
    for key, name in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
        for one in record.children(key):
            rules.append(_rule(ports, one.text(name), held, merged(one.sources(name), head)))
    for one in record.children("PrefixListIds"):
        rules.append(
            _list_rule(ports, one.text("PrefixListId"), held, merged(one.sources("PrefixListId"), head), lists)
        )
    for one in record.children("UserIdGroupPairs"):
        name = one.text("GroupId") or one.text("GroupName")
        rules.append(_group_rule(ports, name, held, merged(one.sources("GroupId", "GroupName"), head)))
    for family, keys in _PEERS.items():
        if not all(record.has(key) for key in keys):
            known = None if held is None else {family: held[family]}
            rules.append(unknown_rule(f"{ports} ?", head, known or {family: (Service(),)}))
    return rules


def rule_record(record: Record, lists: PrefixLists) -> GroupRule:
    """One record of `describe-security-group-rules`."""
    protocol = record.text("IpProtocol")
    held = services(protocol, record.number("FromPort"), record.number("ToPort"))
    ports = ports_label(record.text("FromPort"), record.text("ToPort"), protocol)
    other = record.child("ReferencedGroupInfo")
    sources = record.sources(
        "SecurityGroupRuleId", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId"
    )
    if other is not None:
        return _group_rule(ports, other.text("GroupId"), held, merged(other.sources("GroupId"), sources))
    if record.has("PrefixListId"):
        return _list_rule(ports, record.text("PrefixListId"), held, sources, lists)
    return _rule(ports, record.text("CidrIpv4") or record.text("CidrIpv6"), held, sources)


def ports_label(first: str, last: str, protocol: str) -> str:
    """Protocol and ports as people call a rule."""
    if protocol == "-1":
        return "all"
    if not first or first == "-1":
        return protocol
    return f"{protocol}/{first}" if first == last else f"{protocol}/{first}-{last}"


def _rule(ports: str, cidr: str, held: Services | None, sources: Sources) -> GroupRule:
    prefix = network_of(cidr)
    if prefix is None or held is None:
        return unknown_rule(f"{ports} {cidr}", sources, held, prefix)
    return GroupRule(f"{ports} {cidr}", held, sources, prefixes=(prefix,))


def _group_rule(ports: str, group: str, held: Services | None, sources: Sources) -> GroupRule:
    if held is None or not group:
        return unknown_rule(f"{ports} {group}", sources, held)
    return GroupRule(f"{ports} {group}", held, sources, groups=(group,))


def _list_rule(ports: str, name: str, held: Services | None, sources: Sources, lists: PrefixLists) -> GroupRule:
    found = lists(name)
    if held is None:
        return unknown_rule(f"{ports} {name}", sources)
    if found is None:
        return GroupRule(f"{ports} {name}", held, sources, any_peer=True, unsure=_UNKNOWN_LIST)
    prefixes, lines = found
    return GroupRule(f"{ports} {name}", held, merged(sources, lines), prefixes=prefixes)


def unknown_rule(
    label: str, sources: Sources, held: Services | None = None, prefix: IPNetwork | None = None
) -> GroupRule:
    """A rule that was not understood: at most it permits everything, or as much as is understood of it."""
    everything: Services = {4: (Service(),), 6: (Service(),)}
    prefixes = () if prefix is None else (prefix,)
    return GroupRule(
        label, held or everything, sources, prefixes=prefixes, any_peer=prefix is None, unsure=_NOT_UNDERSTOOD
    )


# --- network ACLs ---------------------------------------------------------------------------------------------


def acl_lines(entries: Iterable[Record], *, egress: bool) -> tuple[FilterLine, ...]:
    """The entries of one direction in the order of their numbers. What denies the rest (`is_end`) is left out.

    One that does not tell its direction, or its number, may be anything in both; so is a list of which no entries are told.
    """
    numbered: list[tuple[int, FilterLine]] = []
    for one in entries:
        if one.flag("Egress") is not egress and one.flag("Egress") is not None:
            continue
        number = one.number("RuleNumber")
        if is_end(one):
            continue
        numbered.append((-1 if number is None else number, _acl_line(one, egress, number)))
    numbered.sort(key=lambda pair: pair[0])
    return tuple(line for _, line in numbered)


def is_end(entry: Record) -> bool:
    """Whether an entry is the one that AWS puts at the end of every list (`*`): everything else is denied."""
    last = (defaults().last_entry_ipv4, defaults().last_entry_ipv6)
    return entry.number("RuleNumber") in last and entry.text("RuleAction").lower() == "deny"


def _acl_line(one: Record, egress: bool, number: int | None) -> FilterLine:
    ports, kinds = one.child("PortRange"), one.child("IcmpTypeCode")
    inner = one if ports is None else ports
    lines = merged(
        one.sources("RuleNumber", "RuleAction", "Protocol", "CidrBlock", "Ipv6CidrBlock"),
        () if ports is None else inner.sources("From", "To"),
        () if kinds is None else kinds.sources("Type", "Code"),
    )
    label = "?" if number is None else str(number)
    action = {"allow": Action.PERMIT, "deny": Action.DENY}.get(one.text("RuleAction").lower())
    prefix = network_of(one.text("CidrBlock") or one.text("Ipv6CidrBlock"))
    protocol = one.text("Protocol")
    held: Services | None
    if protocol.lower() in ("1", "58", "icmp", "icmpv6"):
        held = None if kinds is None else services(protocol, kinds.number("Type"), kinds.number("Code"))
    elif ports is None and protocol.lower() in ("6", "17", "tcp", "udp"):
        held = None
    elif ports is None:
        held = services(protocol, None, None)
    else:
        held = services(protocol, ports.number("From"), ports.number("To"))
    if action is None or prefix is None or held is None or number is None or one.flag("Egress") is None:
        matches = ANY_PACKET if prefix is None else (_match(prefix, (Service(),), egress),)
        return FilterLine(label, Action.UNKNOWN, matches, lines, Certainty.UNCERTAIN, _NOT_UNDERSTOOD)
    return FilterLine(label, action, (_match(prefix, held[prefix.version], egress),), lines)


def _match(prefix: IPNetwork, held: tuple[Service, ...], egress: bool) -> Match:
    """Inbound entries name the source, outbound ones the destination."""
    family: int = prefix.version
    span = (of_network(prefix),)
    everyone = any_address(4 if family == 4 else 6)
    if egress:
        return Match(4 if family == 4 else 6, everyone, span, held)
    return Match(4 if family == 4 else 6, span, everyone, held)
