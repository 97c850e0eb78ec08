"""What kind an address is to a host (`-m addrtype`, `fib daddr type`): as far as it follows from the host's own addresses."""

from __future__ import annotations

from collections.abc import Iterable

from secaudit.network.interfaces import IPInterface
from secaudit.network.intervals import IPV4_MAX, IPV6_MAX, Intervals, complement, normalise, of_network
from secaudit.network.matches import Family


def addresses_of_type(name: str, family: Family, own: Iterable[IPInterface] | None) -> Intervals | None:
    """The addresses of a type (`local`, `broadcast`, `multicast`, `unicast`, in small letters); None when that is not known.

    `own` are the addresses of the host's interfaces (None: nobody showed them). Other types depend on its routes.
    """
    maximum = IPV4_MAX if family == 4 else IPV6_MAX
    multicast: Intervals = ((0xE0000000, 0xEFFFFFFF),) if family == 4 else ((0xFF << 120, maximum),)
    if name == "multicast":
        return multicast
    if own is None:
        return None
    held = [one for one in own if one.version == family]
    loopback: Intervals = ((0x7F000000, 0x7FFFFFFF),) if family == 4 else ((1, 1),)
    local = normalise([*loopback, *((int(one.ip), int(one.ip)) for one in held)])
    broadcast: Intervals = ()
    if family == 4:
        ends = [of_network(one.network)[1] for one in held if one.network.prefixlen < 31]
        broadcast = normalise([(maximum, maximum), *((end, end) for end in ends)])
    match name:
        case "local":
            return local
        case "broadcast":
            return broadcast
        case "unicast":
            return complement(normalise([*local, *broadcast, *multicast]), maximum)
        case _:
            return None
