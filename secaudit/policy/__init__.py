"""Guideline editions, models and zone matrices, as loaded from `policies/`."""

from secaudit.policy.editions import editions
from secaudit.policy.loader import load_policy
from secaudit.policy.model import (
    Cell,
    CellVerdict,
    Condition,
    Confidence,
    Constraint,
    DefinitionFile,
    Denied,
    Edition,
    Exchange,
    ExternalSystem,
    Free,
    LegalDate,
    NotApplicable,
    Policy,
    Registered,
    ServicePorts,
    Via,
    ZoneInfo,
)

__all__ = [
    "Cell",
    "CellVerdict",
    "Condition",
    "Confidence",
    "Constraint",
    "DefinitionFile",
    "Denied",
    "Edition",
    "Exchange",
    "ExternalSystem",
    "Free",
    "LegalDate",
    "NotApplicable",
    "Policy",
    "Registered",
    "ServicePorts",
    "Via",
    "ZoneInfo",
    "editions",
    "load_policy",
]
