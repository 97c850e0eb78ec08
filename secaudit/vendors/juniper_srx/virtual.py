"""Logical systems and tenants: devices of their own inside one box."""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.vendors.juniper_srx.interfaces import unit_name
from secaudit.vendors.juniper_srx.tree import Mark, Statement

InactivePolicy = tuple[Statement, str | None, str | None]
"""A deactivated policy with its zones (None: a global policy)."""


def inactive_policies(root: Statement) -> Iterator[InactivePolicy]:
    """The deactivated policies, in the order of the file; they are kept for the hygiene checks."""
    for source in root.below("security", "policies", "from-zone"):
        for destination in source.below("to-zone"):
            for policy in destination.below("policy"):
                if policy.inactive and not (source.inactive or destination.inactive):
                    yield policy, source.word, destination.word
    for policy in root.below("security", "policies", "global", "policy"):
        if policy.inactive:
            yield policy, None, None


def virtual_roots(root: Statement) -> list[tuple[str, Statement]]:
    """The statements of each device: the box itself (without a name), its logical systems, its tenants."""
    found: list[tuple[str, Statement]] = [("", root)]
    for word in ("logical-systems", "tenants"):
        section = root.children.pop(word, None)
        if section is None:
            continue
        section.mark = Mark.USED
        for one in section:
            if word == "tenants":
                _give_interfaces(root, one)
            found.append((one.word, one))
    return found


def _give_interfaces(root: Statement, tenant: Statement) -> None:
    """The interfaces of a tenant are written in the main configuration; its routing instances name them."""
    interfaces = root.get("interfaces")
    own = tenant.child("interfaces")
    for instance in tenant.below("routing-instances"):
        for one in instance.below("interface"):
            name, _, unit = unit_name(one.word).rpartition(".")
            port = None if interfaces is None else interfaces.get(name)
            given = None if port is None else port.get("unit", unit)
            if port is None or given is None:
                continue
            mine = own.child(name)
            for child in port:
                if child.word != "unit":
                    mine.put(child)
            mine.child("unit").put(given)
            del port.children["unit"].children[unit]
