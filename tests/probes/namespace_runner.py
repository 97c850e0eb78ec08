"""Started inside a network namespace: reads a plan, runs it for real, and prints what came of it.

Usage: python -m tests.probes.namespace_runner PLAN OUT_FOLDER USER_ID
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from secaudit.errors import SecauditError
from secaudit.municipality.model import Zone
from secaudit.probes.nmap_import import read_nmap
from secaudit.probes.plan import read_plan
from secaudit.probes.run import run_plan
from tests.probes.builders import FIXTURES, binding, municipality

TOWN = municipality(
    binding(Zone.MY_NUMBER, "10.10.1.0/24", "fd00:10::/64"), binding(Zone.LGWAN, "10.20.1.0/24", "fd00:20::/64")
)


def main() -> None:
    plan, out, user = sys.argv[1:]
    asked: list[str] = []
    try:
        to_do = read_plan(Path(plan), "plan-my_number.yaml")
        read_nmap(FIXTURES / "syn.xml", "syn.xml")  # loads every module while the interpreter's files may still be read
        if int(user):
            os.setgid(int(user))
            os.setuid(int(user))
        done = run_plan(to_do, TOWN, Path(out), lambda step: asked.append(str(step.address)))
    except SecauditError as error:
        print(json.dumps({"error": error.text.en}))
        return
    print(
        json.dumps(
            {
                "control": done.positive_control,
                "unfinished": [text.en for text in done.unfinished],
                "asked": asked,
                "answers": done.answers,
                "files": [path.name for path in done.files],
            }
        )
    )


if __name__ == "__main__":
    main()
