"""How `secaudit flows --to-device` shows what reaches a device itself."""

from __future__ import annotations

from typing import Any

from secaudit.audit.exposure_query import ExposureAnswer
from secaudit.cli.flows import lines_json, omitted, verdict_words, witness_and_lines
from secaudit.cli.language import LANGUAGE, say
from secaudit.cli.trace import hops_json


def as_json(answer: ExposureAnswer) -> dict[str, Any]:
    """The contract of `flows --to-device --format json`."""
    return {
        "schema_version": "1.0",
        "from": answer.source,
        "to_device": answer.device,
        "verdict": answer.verdict,
        "boxes": list(answer.boxes),
        "boxes_omitted": answer.boxes_omitted,
        "services": [
            {"name": one.name, "verdict": one.verdict, "boxes": list(one.boxes), "boxes_omitted": one.boxes_omitted}
            for one in answer.services
        ],
        "witness": None if answer.witness is None else str(answer.witness.packet),
        "arrives": None if answer.witness is None else str(answer.witness.arrives),
        "trace": [] if answer.witness is None else hops_json(answer.witness.trace),
        "lines": lines_json(answer.lines),
        "doubts": [{"text": one.text.in_(LANGUAGE), "lines": lines_json(one.sources)} for one in answer.doubts],
    }


def as_lines(answer: ExposureAnswer) -> list[str]:
    """For a terminal."""
    lines = [f"{answer.source} → {answer.device}: {verdict_words(answer.verdict)}"]
    for service in answer.services:
        lines.append(f"{service.name}: {verdict_words(service.verdict)}")
        lines += [f"  {box}" for box in service.boxes]
        lines += omitted(service.boxes_omitted)
    if answer.boxes:
        lines.append(say("機器が受け取るパケットの全体:", "all packets that the device takes:"))
        lines += [f"  {box}" for box in answer.boxes]
        lines += omitted(answer.boxes_omitted)
    lines += witness_and_lines(answer.witness, answer.lines)
    for doubt in answer.doubts:
        lines.append(f"? {doubt.text.in_(LANGUAGE)}")
        lines += [f"       {line}" for line in doubt.sources[:10]]
    return lines
