"""What a probe will send where, as a file that a person can read and change before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secaudit.municipality.model import Zone
from secaudit.network.intervals import IPAddress
from secaudit.probes.metadata import Control, optional_address, read_control
from secaudit.probes.nmap_xml import cleaned
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlNode
from secaudit.text.yaml_reader import load_yaml


class Expectation(StrEnum):
    """What the audit folder says will happen. It does not change what is sent."""

    BLOCKED = "blocked"
    ANSWER = "answer"
    EITHER = "either"
    """A permitted flow that is pinned to certain sources, and nobody said which address the prober has."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How gently to probe: packets per second (all targets together), retries per port, seconds per target."""

    packets_per_second: int = 50
    retries: int = 2
    target_timeout_seconds: int = 300


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """One address and the ports that will be asked. `assumed` when nobody knows that a host is there."""

    address: IPAddress
    zone: Zone
    expect: Expectation
    because: str
    tcp: tuple[int, ...]
    udp: tuple[int, ...] = ()
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """Everything that one run from one zone will send. `left_out` says what was not planned and why, for people."""

    from_zone: Zone
    source_address: IPAddress | None
    control: Control
    limits: Limits
    targets: tuple[ProbeTarget, ...]
    left_out: tuple[str, ...] = ()

    @property
    def packets_at_most(self) -> int:
        """The most packets that the first attempt and its retries can be, the control included."""
        ports = sum(len(target.tcp) + len(target.udp) for target in self.targets) + 2
        return ports * (1 + self.limits.retries)


def plan_name(zone: Zone) -> str:
    """The file name of a zone's plan below `probes/`."""
    return f"plan-{zone.value}.yaml"


def read_plan(path: Path, shown_as: str) -> ProbePlan:
    """Reads a plan, as written or as changed by a person. Raises `InputError`.

    Whether its targets may be probed at all is checked where they are probed (`secaudit.probes.permission`).
    """
    root = load_yaml(path, shown_as, "probe_plan").root
    source = optional_address(root, "source_address")
    control, limits = read_control(root, source), root.get("limits")
    assert control is not None and limits is not None, "the schema demands them"
    return ProbePlan(
        from_zone=Zone(root.text("from_zone")),
        source_address=source,
        control=control,
        limits=Limits(
            packets_per_second=_number(limits, "packets_per_second"),
            retries=_number(limits, "retries"),
            target_timeout_seconds=_number(limits, "target_timeout_seconds"),
        ),
        targets=tuple(_target(node) for node in root.items("targets")),
        left_out=tuple(node.as_text() for node in root.items("left_out")),
    )


def _target(node: YamlNode) -> ProbeTarget:
    address = optional_address(node, "address")
    assert address is not None, "the schema demands it"
    tcp, udp = _ports(node, "tcp"), _ports(node, "udp")
    if not tcp and not udp:
        raise node.error(
            Text(ja="tcp か udp のポートを書いてください。", en="give at least one tcp or udp port."),
            Text(ja="例: tcp: [22, 443]", en="for example tcp: [22, 443]"),
        )
    return ProbeTarget(
        address=address,
        zone=Zone(node.text("zone")),
        expect=Expectation(node.text("expect")),
        because=node.optional_text("because") or "",
        tcp=tcp,
        udp=udp,
        assumed=node.flag("assumed", default=False),
    )


def _ports(node: YamlNode, key: str) -> tuple[int, ...]:
    return tuple(sorted({int(item.as_text()) for item in node.items(key)}))


def _number(node: YamlNode, key: str) -> int:
    number = node.number(key)
    assert number is not None, "the schema demands it"
    return number


def plan_text(plan: ProbePlan) -> str:
    """The plan as YAML with Japanese comments, the form in which it is kept and changed."""
    limits = plan.limits
    lines = [
        f"# 探査計画（{plan.from_zone.value} から）。ここに書かれた宛先とポートにだけパケットを送ります。",
        f"# 送信は再送を含めて最大 {plan.packets_at_most:,} パケットです。内容を確かめ、不要な宛先は行を消してください。",
        "# 宛先を加えられるのは、監査フォルダに書かれたアドレスだけです（それ以外は実行時に拒否します）。",
        'schema_version: "1.0"',
        "# 調査端末を接続する領域",
        f"from_zone: {plan.from_zone.value}",
    ]
    if plan.source_address is not None:
        lines += ["# 調査端末のアドレス", f'source_address: "{plan.source_address}"']
    lines += [
        "# 陽性対照: 必ず応答するはずの宛先。応答しなければ、他の宛先の無応答は分離の証拠になりません",
        "positive_control:",
        f'  address: "{plan.control.address}"',
        f"  protocol: {plan.control.protocol}",
        f"  port: {plan.control.port}",
        "# 業務への影響を避けるための上限（毎秒のパケット数、再送回数、宛先ごとの秒数）",
        "limits:",
        f"  packets_per_second: {limits.packets_per_second}",
        f"  retries: {limits.retries}",
        f"  target_timeout_seconds: {limits.target_timeout_seconds}",
        "# expect: blocked=届かないはず answer=応答するはず either=調査端末のアドレスによる",
        "# assumed: true=その宛先に機器があるか不明（応答は証拠になるが、無応答は証拠にならない）",
        "targets:",
    ]
    for target in plan.targets:
        lines += [f'  - address: "{target.address}"', f"    zone: {target.zone.value}", f"    expect: {target.expect}"]
        lines += [f"    because: {_quoted(target.because)}"] if target.because else []
        lines += ["    assumed: true"] if target.assumed else []
        lines += [f"    tcp: {list(target.tcp)}"] if target.tcp else []
        lines += [f"    udp: {list(target.udp)}"] if target.udp else []
    if plan.left_out:
        lines += ["# 計画に含めなかったものと理由", "left_out:", *(f"  - {_quoted(item)}" for item in plan.left_out)]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A YAML string in double quotes; titles of the register are written by people and may hold anything."""
    return '"' + cleaned(text, 300).replace("\\", "\\\\").replace('"', '\\"') + '"'
