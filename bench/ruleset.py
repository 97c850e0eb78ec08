"""The shipped rules: loading and validating them, and evaluating all of them on a typical municipality whose flows are known."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path

from bench import municipality
from bench.commands import AS_OF
from bench.measure import Row, timed
from secaudit.audit.preparation import prepare_folder
from secaudit.audit.run import context_of
from secaudit.probes.folder import load_probes
from secaudit.rules.evaluate import evaluate
from secaudit.rules.kind import all_kinds
from secaudit.rules.loader import load_ruleset


def measure(size: municipality.Size, rounds: int) -> list[Row]:
    """Loading, and evaluating after a first evaluation has computed every flow that the rules ask for."""
    all_kinds()
    loads = [timed(load_ruleset) for _ in range(rounds)]
    ruleset = load_ruleset()
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "municipality"
        municipality.write(folder, 0, size)
        prepared = prepare_folder(folder)
        probes = load_probes(folder, prepared.folder.probes, prepared.folder.municipality)
        context = context_of(prepared, datetime.date.fromisoformat(AS_OF), probes)
        evaluate(ruleset, context)
        runs = [timed(lambda: evaluate(ruleset, context)) for _ in range(rounds)]
    return [
        Row("loading and validating all rules", tuple(one for one, _ in loads), f"{len(ruleset.rules)} rules"),
        Row(
            f"all rules after flows, {len(context.devices)} devices",
            tuple(one for one, _ in runs),
            f"{len(runs[0][1])} results",
        ),
    ]
