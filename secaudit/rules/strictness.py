"""Whether a changed parameter makes a rule harder or easier to meet. What is not known to be harder counts as easier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secaudit.rules.result import Severity

_LOWER = frozenset({"max_age_days", "maximum_ports", "at_most"})
_HIGHER = frozenset(
    {
        "ipv4_prefix_length",
        "ipv6_prefix_length",
        "minimum",
        "longest_default",
        "at_least",
        "least_group",
        "least_ike",
        "least_ssh",
    }
)
_MORE = frozenset(
    {
        ("flow_denied", "pairs"),
        ("flow_only", "pairs"),
        ("flow_via", "pairs"),
        ("register_match", "pairs"),
        ("probe_port", "pairs"),
        ("flow_required", "systems"),
        ("device_setting", "services"),
        ("device_setting", "storages"),
        ("device_setting", "servers"),
        ("device_setting", "outside"),
        ("device_setting", "shared_names"),
        ("tunnel", "weak_encryption"),
        ("tunnel", "weak_integrity"),
        ("probe_service", "refused"),
        ("attestation", "items"),
        ("deadline", "items"),
    }
)
"""Lists that ask for more the longer they are."""
_FEWER = frozenset({"roles", "zones"})
"""Lists that are no limit at all when they are missing: `roles` asks for more the shorter it is, `zones` the longer."""


def is_stricter(kind: str, name: str, old: Any, new: Any) -> bool:
    """Whether `new` asks for more than `old`; None stands for a parameter that is not given."""
    if name in _LOWER or name in _HIGHER:
        return _number_is_stricter(name, old, new)
    if name == "least_tls":
        # Versions are written "1.2", and all of one length.
        return isinstance(old, str) and isinstance(new, str) and new > old
    if name == "document":
        return old is None and new is not None
    if name in _FEWER:
        return _limit_is_stricter(name, old, new)
    if (kind, name) in _MORE and isinstance(old, list | None) and isinstance(new, list):
        before = old or []
        return len(new) > len(before) and all(item in new for item in before)
    return False


def severity_is_stricter(old: Severity, new: Severity) -> bool:
    """Whether the new severity is higher."""
    order = list(Severity)
    return order.index(new) < order.index(old)


def changed_parameters(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    """The parameters that differ."""
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _number_is_stricter(name: str, old: Any, new: Any) -> bool:
    if not isinstance(new, int) or isinstance(new, bool):
        return False
    if not isinstance(old, int):
        # A limit where there was none; for the others the kind's own default is not known here.
        return name == "max_age_days" and old is None
    return new < old if name in _LOWER else new > old


def _limit_is_stricter(name: str, old: Any, new: Any) -> bool:
    before, after = set(old or ()), set(new or ())
    if name == "roles":
        return bool(after) and (not before or after < before)
    return (bool(before) and not after) or (bool(before) and before < after)
