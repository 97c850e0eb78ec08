"""The modular policy framework, as far as it changes which packets pass: `inspect icmp` and the bypass of TCP state (AS-05).

Everything else that a policy may do limits, marks or inspects further; pinholes that inspection opens belong to permitted connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from secaudit.text.bilingual import Text
from secaudit.text.source import SourceLine, Sources
from secaudit.vendors.common.ledger import Ledger
from secaudit.vendors.common.lines import Node

_INSPECTED = Text(
    ja="許可した通信をさらに検査・制限する設定で、通信を増やしません",
    en="inspects or limits what is permitted; it adds no traffic",
)
_EVERY_CLASS = frozenset(("inspection_default", "class-default"))
_HARMLESS = frozenset(
    ("inspect", "set", "police", "priority", "shape", "ips", "csc", "cxsc", "sfr", "flow-export", "user-statistics", "description",
     "qos-pre-classify", "exit")
)  # fmt: skip


@dataclass(slots=True)
class Inspection:
    """What the applied policies do. `icmp` are the lines by which replies of ICMP pass, `icmp_sure` whether they hold for all of it.

    `bypass` are lines by which TCP packets may pass that belong to no connection.
    """

    icmp: Sources = ()
    icmp_sure: bool = False
    bypass: Sources = ()
    _found: dict[str, list[tuple[str, Node]]] = field(default_factory=dict)


def read_inspection(
    class_maps: Iterable[Node], policy_maps: Iterable[Node], services: Iterable[Node], ledger: Ledger
) -> Inspection:
    """`class-map`, `policy-map` and `service-policy`."""
    everything = {name for node in class_maps if (name := _class_map(node, ledger)) is not None}
    result = Inspection()
    policies: dict[str, Node] = {}
    for node in policy_maps:
        if node.keys[1:2] == ("type",) or len(node.words) < 2:
            ledger.ignore(node, _INSPECTED)
        else:
            policies[node.words[1]] = node
            _policy_map(node, ledger)
    for node in services:
        held = policies.get(node.words[1]) if len(node.words) > 2 and node.keys[0] == "service-policy" else None
        if held is None:
            # A policy that is not in the file may let packets pass that belong to no connection.
            ledger.leave(node)
        else:
            ledger.use_all(node)
            _apply(held, node, result, everything)
    return result


def _class_map(node: Node, ledger: Ledger) -> str | None:
    """The name of a class of all traffic."""
    ledger.ignore(node, _INSPECTED)
    ledger.use(node)
    matches = [child.keys for child in node.children if child.keys[0] == "match"]
    whole = matches in ([("match", "default-inspection-traffic")], [("match", "any")])
    return node.words[1] if len(node.words) == 2 and whole else None


def _policy_map(node: Node, ledger: Ledger) -> None:
    ledger.use(node)
    for child in node.children:
        ledger.use(child)
        if child.keys[0] not in ("class", "description", "exit"):
            ledger.leave(child)
            continue
        for action in child.children:
            if action.keys[0] == "inspect" and action.keys[1:2] == ("icmp",):
                ledger.use_all(action)
            elif action.keys[0] in _HARMLESS:
                ledger.ignore(action, _INSPECTED)
            else:
                ledger.leave(action)


def _apply(policy: Node, service: Node, result: Inspection, everything: set[str]) -> None:
    wide = service.keys[2:] == ("global",)
    for child in policy.children:
        if child.keys[0] != "class" or len(child.words) < 2:
            continue
        for action in child.children:
            lines: tuple[SourceLine, ...] = (service.line, action.line)
            if action.keys == ("inspect", "icmp"):
                result.icmp = (*result.icmp, *lines)
                whole = child.words[1] in everything or child.words[1] in _EVERY_CLASS
                result.icmp_sure = result.icmp_sure or (wide and whole)
            elif action.keys[0] == "set" and "tcp-state-bypass" in action.keys:
                result.bypass = (*result.bypass, *lines)
