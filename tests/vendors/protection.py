"""What a case says of a device's own protection: settings, accounts, ports, neighbours and tunnels (`README.md` tells the format)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from secaudit.network.device import Device
from secaudit.network.interfaces import PortProtection, SwitchPort
from secaudit.network.management import Account, Setting, SettingKind, SnmpUser
from secaudit.network.tunnels import Proposal

Plain = str | int | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]
Found = Mapping[str, Plain] | str
"""What was found, in the words of an expected file."""

RIGHTS = {True: "all", False: "some", None: "unknown"}
NEIGHBOURS = {True: "authenticated", False: "open", None: "unknown"}
NOT_READ = "not read"
"""Instead of what is found: the reader does not look for it."""
NOT_TOLD = "not told"
"""Instead of a value: no line of the file says it. What a line says in words that are not understood is `unclear` or `unknown`."""


def settings_of(devices: Sequence[Device]) -> Found:
    """`{idle_timeout: {console: 600 by default, "": 300}}`; the value of a kind alone where it is the only one and is for the device."""
    found: dict[str, Plain] = {}
    for kind in SettingKind:
        if not any(kind in device.management.settings_read for device in devices):
            found[kind.name.lower()] = NOT_READ
            continue
        held = [one for device in devices for one in device.management.settings if one.kind is kind]
        places = _gathered((one.where, _value(one)) for one in held)
        found[kind.name.lower()] = places[""] if set(places) == {""} else places
    return found


def _value(one: Setting) -> Plain:
    if one.value is None:
        return NOT_TOLD if one.by_default else "unclear"
    return f"{one.value} by default" if one.by_default else one.value


def accounts_of(devices: Sequence[Device]) -> Found:
    """`{admin: all, reader: some, other: not told}`."""
    held = [device.management.accounts for device in devices]
    if all(one is None for one in held):
        return NOT_READ
    return _gathered((one.name, _rights(one)) for accounts in held for one in accounts or ())


def _rights(one: Account) -> str:
    return RIGHTS[one.privileged] if one.rights_told else NOT_TOLD


def snmp_users_of(devices: Sequence[Device]) -> Found:
    """`{monitor: encrypted, old: authenticated, open: open}`."""
    held = [device.management.snmp_users for device in devices]
    if all(one is None for one in held):
        return NOT_READ
    return _gathered((one.name, _strength(one)) for users in held for one in users or ())


def _strength(user: SnmpUser) -> str:
    if not user.authenticated:
        return "encrypted only" if user.encrypted else "open"
    return "encrypted" if user.encrypted else "authenticated"


def protections_of(devices: Sequence[Device]) -> Found:
    """`{ge1: [dot1x, bpdu_guard, "mac_limit?"]}` of every switch port: what protects it, with `?` what lines are about that are not
    understood, and with `...` what no line tells."""
    return {
        one.name: sorted(_protections(one.switch_port))
        for device in devices
        for one in device.interfaces.values()
        if one.switch_port is not None
    }


def _protections(port: SwitchPort) -> Iterator[str]:
    yield from (kind.name.lower() for kind, _ in port.protections)
    for kind in set(PortProtection) - port.protections_read:
        yield f"{kind.name.lower()}{'...' if kind in port.protections_untold else '?'}"


def proposals_of(devices: Sequence[Device]) -> Found:
    """`{tunnel1: [1 aes-256 sha256 group14 ike2, 2 aes-256,aes-128 -]}`, in order."""
    return {
        one.name: NOT_READ if one.tunnel.proposals is None else [written(each) for each in one.tunnel.proposals]
        for device in devices
        for one in device.interfaces.values()
        if one.tunnel is not None
    }


def written(one: Proposal) -> str:
    """A proposal in a line: the phase, the encryption, the integrity, groups, the version of IKE, and its mode where it is told.

    Behind what is lacking because no line says it stands `...`.
    """
    words = [str(one.phase), ",".join(one.encryption) or "-", ",".join(one.integrity) or "-"]
    words += [f"group{number}" for number in one.groups]
    words += [] if one.ike is None else [f"ike{one.ike}"]
    words += [] if one.aggressive is None else ["aggressive" if one.aggressive else "main"]
    whole = any(word in name for name in one.encryption for word in ("gcm", "ccm", "poly1305"))
    lacking = not one.encryption or not (one.integrity or whole)
    lacking = lacking or (one.phase == 1 and (not one.groups or one.ike is None))
    words += ["..."] if one.silent and lacking else []
    return " ".join(words)


def neighbours_of(devices: Sequence[Device]) -> Found:
    """`{ospf: authenticated, bgp: open}` by the protocol."""
    return _gathered(
        (one.protocol, NEIGHBOURS[one.authenticated]) for device in devices for one in device.dynamic_routing
    )


def _gathered(pairs: Iterable[tuple[str, Plain]]) -> dict[str, Plain]:
    """Each name with its value, or the list of its different ones in order."""
    found: dict[str, list[Plain]] = {}
    for name, value in pairs:
        held = found.setdefault(name, [])
        if value not in held:
            held.append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


FACTS: Mapping[str, Callable[[Sequence[Device]], Found]] = {
    "settings": settings_of,
    "accounts": accounts_of,
    "snmp_users": snmp_users_of,
    "protections": protections_of,
    "proposals": proposals_of,
    "neighbours": neighbours_of,
}
"""The keys of an expected file, and what is found for each."""
_WHOLE = frozenset(("accounts", "snmp_users"))
"""Keys that must name everything that is found; of the others only what is named is checked."""


def check_protection(devices: Sequence[Device], wanted: Mapping[str, Plain]) -> None:
    """Whatever the expected file says of the devices' own protection is so."""
    for key, value in wanted.items():
        found = FACTS[key](devices)
        if key in _WHOLE or not isinstance(found, Mapping):
            assert found == value, f"{key}: {found}"
            continue
        assert isinstance(value, Mapping), f"{key}: a mapping is expected, not {value!r}"
        for name, one in value.items():
            assert name in found, f"{key}: there is no {name}; found are {sorted(found)}"
            asked = sorted(map(str, one)) if key == "protections" and isinstance(one, Sequence) else one
            assert found[name] == asked, f"{key}: {name}: {found[name]}"


def check_protection_evidence(device: Device) -> None:
    """Every fact has its lines, and is of a kind that the reader says it looks for."""
    plane = device.management
    held: tuple[Setting | Account | SnmpUser, ...] = (
        *plane.settings,
        *(plane.accounts or ()),
        *(plane.snmp_users or ()),
    )
    assert all(one.sources for one in held), f"{device.name}: a fact without a line"
    assert {one.kind for one in plane.settings} <= plane.settings_read, f"{device.name}: a setting that is not read"
    for one in device.interfaces.values():
        port = one.switch_port
        if port is not None:
            assert all(sources for _, sources in port.protections), f"{one.name}: a protection without a line"
            assert {kind for kind, _ in port.protections} <= port.protections_read, f"{one.name}: a kind not read"
        if one.tunnel is not None:
            assert all(each.sources for each in one.tunnel.proposals or ()), f"{one.name}: a proposal without a line"
