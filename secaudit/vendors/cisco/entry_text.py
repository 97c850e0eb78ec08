"""Entries of access lists as text: denials of packets, and entries as they stand in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from secaudit.network.filters import FilterLine
from secaudit.network.intervals import ANY_IPV4
from secaudit.network.matches import ICMP, ICMPV6, SCTP, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.common.entry_words import service_words, wildcard_words
from secaudit.vendors.wording import MOST_LINES, TOO_MANY, PlainService, plain_services

_NUMBERING = re.compile(r"(?:access-list \S+ )?\s*(?:(?:sequence )?\d+ (?=\D))?")
_NUMBER_BEHIND = re.compile(r"\s+sequence \d+(?=\s|$)")
_SOURCES_ONLY = Text(
    ja="標準アクセスリストは送信元しか指定できない。",
    en="a standard access list can name sources only",
)
_PROTOCOL_ZERO = Text(ja="プロトコル番号 0 だけを指す条件は書けない。", en="no entry means protocol number 0 alone")


def bare_entry(line: FilterLine) -> str:
    """An entry as written, without its number and without the name of its list."""
    text = " ".join(line.sources[0].text.split())
    return _NUMBER_BEHIND.sub("", _NUMBERING.sub("", text, count=1))


def denials(family: Family, matches: Sequence[Match], standard: bool) -> list[str]:
    """The denying entries, one for each product of prefixes and ports. Raises `NotSaidError`."""
    if standard:
        return [f"deny {source} log" for match in matches for source in _sources_only(match)]
    found: list[str] = []
    for match in matches:
        sides = product(wildcard_words(family, match.sources), wildcard_words(family, match.destinations))
        services = [one for service in plain_services(match) for one in _service(family, service)]
        for (source, destination), (protocol, source_port, tail) in product(sides, services):
            found.append(" ".join(filter(None, ("deny", protocol, source, source_port, destination, tail, "log"))))
            if len(found) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
    return found


def _sources_only(match: Match) -> list[str]:
    if match.family != 4 or match.destinations != ANY_IPV4 or plain_services(match) != (PlainService(None),):
        raise NotSaidError(_SOURCES_ONLY)
    return wildcard_words(4, match.sources)


def _service(family: Family, service: PlainService) -> list[tuple[str, str, str]]:
    if service.protocol == 0:
        raise NotSaidError(_PROTOCOL_ZERO)
    names = {TCP: "tcp", UDP: "udp", SCTP: "sctp", ICMP if family == 4 else ICMPV6: "icmp"}
    return service_words("ip" if family == 4 else "ipv6", names, service)
