"""Denials of packets as entries of access lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from secaudit.network.intervals import ANY_IPV4
from secaudit.network.matches import ICMP, ICMPV6, SCTP, TCP, UDP, Family, Match
from secaudit.text.bilingual import Text
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.common.entry_words import service_words, wildcard_words
from secaudit.vendors.wording import MOST_LINES, TOO_MANY, PlainService, plain_services

_SOURCES_ONLY = Text(
    ja="IPv4 アドレスフィルタ（standard）は送信元しか指定できない。",
    en="an IPv4 address filter (standard) can name sources only",
)
_SCTP = Text(ja="SCTP のポート番号は条件にできない。", en="ports of SCTP cannot be a condition")


def denials(family: Family, matches: Sequence[Match], standard: bool) -> list[str]:
    """The denying entries, one for each product of prefixes and ports. Raises `NotSaidError`."""
    if standard:
        return [f"deny {source}" for match in matches for source in _sources_only(match)]
    found: list[str] = []
    for match in matches:
        sides = product(wildcard_words(family, match.sources), wildcard_words(family, match.destinations))
        services = [one for service in plain_services(match) for one in _service(family, service)]
        for (source, destination), (protocol, source_port, tail) in product(sides, services):
            found.append(" ".join(filter(None, ("deny", protocol, source, source_port, destination, tail))))
            if len(found) > MOST_LINES:
                raise NotSaidError(TOO_MANY)
    return found


def _sources_only(match: Match) -> list[str]:
    if match.family != 4 or match.destinations != ANY_IPV4 or plain_services(match) != (PlainService(None),):
        raise NotSaidError(_SOURCES_ONLY)
    return wildcard_words(4, match.sources)


def _service(family: Family, service: PlainService) -> list[tuple[str, str, str]]:
    if service.protocol == SCTP and service.has_ports:
        raise NotSaidError(_SCTP)
    names = {TCP: "tcp", UDP: "udp", ICMP if family == 4 else ICMPV6: "icmp"}
    return service_words("ip" if family == 4 else "ipv6", names, service)
