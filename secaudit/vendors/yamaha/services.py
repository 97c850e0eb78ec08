"""Protocols, ports, ICMP types and TCP flags of filters (YA-35..YA-38)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from secaudit.network.intervals import (
    ANY_BYTE,
    ANY_PORT,
    BYTE_MAX,
    PORT_MAX,
    Interval,
    Intervals,
    complement,
    normalise,
)
from secaudit.network.matches import ANY_SERVICE, ICMP, ICMPV6, TCP, UDP, Family, Service, values_with_bits
from secaudit.text.bilingual import Text
from secaudit.vendors.yamaha.table import read_data

_FLAG = re.compile(r"tcpflag(!?)=0x([0-9a-f]{1,4})/0x([0-9a-f]{1,4})")
_LONGEST_ITEM = 64
_MOST_PORTS = 10
_TOO_MANY_PORTS = Text(
    ja="ポートの列挙が10個を超えており、機器が受け付けるか確かめられません",
    en="more than 10 ports are listed, which the device may not accept",
)
_HIGH_FLAGS = Text(
    ja="tcpflagのマスクが8ビットを超えており、上位ビットの意味を確かめられません",
    en="the tcpflag mask has more than 8 bits, and the upper ones are not modelled",
)
_NUMERIC_ICMP = Text(
    ja="プロトコル番号でICMPを指定しているため、ポート欄がタイプとコードとして働くか確かめられません",
    en="ICMP is given by its number, so it is not known whether the port fields mean type and code",
)
_BY_NUMBER: dict[Family, frozenset[str]] = {4: frozenset(("1", "58", "icmp6")), 6: frozenset(("1", "58", "icmp4"))}
"""Single protocols that are ICMP without being called `icmp`: whether the port fields are compared is not documented."""
_ICMPV6_KIND = Text(
    ja="IPv6フィルターでの icmp-error / icmp-info の対象タイプを確かめられません",
    en="which ICMPv6 types icmp-error and icmp-info mean is not documented",
)


@dataclass(frozen=True, slots=True)
class Services:
    """What the protocol and port fields of a filter match; `doubt` tells why it may be less."""

    services: tuple[Service, ...]
    doubt: Text | None = None


@dataclass(frozen=True, slots=True)
class _Protocols:
    """A protocol list, without the ports beside it: `special` are words that stand for a protocol and a condition on its header."""

    with_ports: Intervals = ()
    plain: tuple[Service, ...] = ()
    special: tuple[Service, ...] = ()
    doubt: Text | None = None


@lru_cache(maxsize=4096)
def filter_services(family: Family, protocol: str, source: str, destination: str) -> Services | None:
    """The last three fields of a filter; None when one of them is not understood.

    Ports are compared for TCP and UDP only, whatever else the list names (YA-37); they are ICMP type and code
    only when the protocol is exactly `icmp` (YA-38; for IPv6 `icmp` and `icmp6` both mean ICMPv6).
    """
    if protocol == "*" and source == "*" and destination == "*":
        return Services((ANY_SERVICE,))
    if protocol == "icmp" or (family == 6 and protocol == "icmp6"):
        return _icmp(ICMP if family == 4 else ICMPV6, source, destination)
    source_ports, destination_ports = ports(source), ports(destination)
    if source_ports is None or destination_ports is None:
        return None
    protocols = _protocols(family, protocol)
    if protocols is None:
        return None
    services = protocols.plain
    if protocols.with_ports:
        services = (Service(protocols.with_ports, destination_ports, source_ports), *services)
    if protocols.special:
        services = (*services, *(_with_ports(one, source_ports, destination_ports) for one in protocols.special))
    doubt = protocols.doubt
    if (source != "*" or destination != "*") and protocol in _BY_NUMBER[family]:
        doubt = _NUMERIC_ICMP
    if max(source.count(","), destination.count(",")) >= _MOST_PORTS:
        doubt = doubt or _TOO_MANY_PORTS
    return Services(services, doubt)


def _with_ports(service: Service, source: Intervals, destination: Intervals) -> Service:
    if service.protocols != ((TCP, TCP),):
        return service
    return replace(service, destination_ports=destination, source_ports=source)


def _icmp(number: int, types: str, codes: str) -> Services | None:
    type_numbers, code_numbers = _numbers(types, BYTE_MAX, {}), _numbers(codes, BYTE_MAX, {})
    if type_numbers is None or code_numbers is None:
        return None
    return Services((Service(((number, number),), icmp_types=type_numbers, icmp_codes=code_numbers),))


@lru_cache(maxsize=4096)
def _protocols(family: Family, text: str) -> _Protocols | None:
    """The protocol field of a filter; None when a word of it is not understood."""
    with_ports: set[int] = set()
    plain: list[Interval] = []
    special: list[Service] = []
    doubt: Text | None = None
    names = protocol_numbers(family)
    for item in dict.fromkeys(text.split(",")):
        if item == "*":
            with_ports |= {TCP, UDP}
            plain += complement(((TCP, TCP), (UDP, UDP)), BYTE_MAX)
        elif (number := names.get(item, _protocol_number(item))) is not None:
            if number in (TCP, UDP):
                with_ports.add(number)
            else:
                plain.append((number, number))
        elif (flags := _flags(item)) is not None:
            values, unsure = flags
            doubt = doubt or unsure
            if values:
                special.append(Service(((TCP, TCP),), tcp_flags=values))
        elif (service := _icmp_kind(family, item)) is not None:
            special.append(service)
            if family == 6 and item != "icmp-nd":
                doubt = _ICMPV6_KIND
        else:
            return None
    return _Protocols(
        normalise((number, number) for number in with_ports),
        (Service(normalise(plain)),) if plain else (),
        tuple(special),
        doubt,
    )


def _icmp_kind(family: Family, item: str) -> Service | None:
    """What `icmp-error`, `icmp-info` and `icmp-nd` match; in IPv6 filters the first two may be any ICMPv6."""
    types = read_data("services")["icmp_types"].get(item)
    if types is None or (item == "icmp-nd" and family == 4):
        return None
    if family == 6 and item != "icmp-nd":
        return Service(((ICMPV6, ICMPV6),))
    number = ICMP if family == 4 else ICMPV6
    return Service(((number, number),), icmp_types=normalise((low, high) for low, high in types))


def _flags(item: str) -> tuple[Intervals, Text | None] | None:
    """The flag bytes that `established`, `tcpsyn`, ... or `tcpflag=v/m` match (YA-35)."""
    bit = read_data("services")["tcp_flags"].get(item)
    if bit is not None:
        return values_with_bits(bit, bit), None
    match = _FLAG.fullmatch(item)
    if match is None:
        return None
    value, mask = int(match[2], 16), int(match[3], 16)
    if mask > BYTE_MAX:
        return ANY_BYTE, _HIGH_FLAGS
    equal = values_with_bits(value, mask) if value <= BYTE_MAX else ()
    return (complement(equal, BYTE_MAX) if match[1] else equal), None


@cache
def protocol_numbers(family: Family) -> dict[str, int]:
    """Protocol names; in an IPv6 filter `icmp` means ICMPv6 and `icmp4` ICMP."""
    names: dict[str, int] = read_data("services")["protocols"]
    return names if family == 4 else {**names, "icmp": ICMPV6, "icmp4": ICMP}


def _protocol_number(item: str) -> int | None:
    return int(item) if item.isascii() and item.isdecimal() and len(item) <= 3 and int(item) <= BYTE_MAX else None


@cache
def port_names() -> dict[str, Intervals]:
    """Port mnemonics (YA-36): `ftp` is 20 and 21, `www` is 80."""
    return {
        name: normalise((port, port) for port in numbers) for name, numbers in read_data("services")["ports"].items()
    }


@lru_cache(maxsize=4096)
def ports(text: str) -> Intervals | None:
    """A port field: numbers, mnemonics, ranges `a-b` `-b` `a-`, lists, `*`; None when not understood.

    >>> ports("www,8080-8081")
    ((80, 80), (8080, 8081))
    """
    return ANY_PORT if text == "*" else _numbers(text, PORT_MAX, port_names())


def _numbers(text: str, highest: int, names: dict[str, Intervals]) -> Intervals | None:
    if text == "*":
        return ((0, highest),)
    if "," not in text:
        return _number_item(text, highest, names)
    result: list[Interval] = []
    for item in text.split(","):
        if item == "*":
            return ((0, highest),)
        found = _number_item(item, highest, names)
        if found is None:
            return None
        result += found
    return normalise(result)


def _number_item(item: str, highest: int, names: dict[str, Intervals]) -> Intervals | None:
    single = _single(item, highest, names)
    if single is not None:
        return single
    if len(item) > _LONGEST_ITEM:
        return None
    for position, letter in enumerate(item):
        if letter != "-":
            continue
        left, right = item[:position], item[position + 1 :]
        low = ((0, 0),) if not left else _single(left, highest, names)
        high = ((highest, highest),) if not right else _single(right, highest, names)
        if low is not None and high is not None and (left or right):
            return ((low[0][0], high[-1][1]),) if low[0][0] <= high[-1][1] else None
    return None


def _single(item: str, highest: int, names: dict[str, Intervals]) -> Intervals | None:
    if item.isascii() and item.isdecimal():
        return ((int(item), int(item)),) if len(item) <= 5 and int(item) <= highest else None
    return names.get(item)


def application_services(family: Family, name: str) -> tuple[Service, ...] | None:
    """The packets of `ip filter dynamic ... NAME` that open a connection; None when the name is unknown.

    Second channels (FTP data and the like, YA-53) belong to the connection that announces them and are not listed.
    `dhcpc` and its kin can be written but do nothing (YA-54): an empty tuple.
    """
    entry = read_data("services")["applications"].get(name)
    if entry is None:
        return None
    if "icmp" in entry:
        if entry["icmp"] != (ICMP if family == 4 else ICMPV6):
            return ()
        types = normalise((number, number) for number in entry["types"])
        return (Service(((entry["icmp"], entry["icmp"]),), icmp_types=types),)
    return tuple(
        Service(((number, number),), normalise((port, port) for port in entry[word]) if entry[word] else ANY_PORT)
        for word, number in (("tcp", TCP), ("udp", UDP))
        if word in entry
    )
