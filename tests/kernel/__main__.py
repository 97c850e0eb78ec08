"""`make kernel-test`: many random rule sets against the kernel. The last line says how many, and how many disagreements there were."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.kernel.runner import Outcome, Task, outcomes, totals, written_rulesets

_SHOWN = 200
_PROGRESS_SECONDS = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the kernel and we agree about everything, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel", description=__doc__)
    parser.add_argument("--rulesets", type=int, default=1050, help="how many random rule sets")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the next rule set has the next one")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes")
    parser.add_argument(
        "--planted", type=int, default=40, help="rule sets compared with a mistake planted in the model"
    )
    parser.add_argument("--show", action="store_true", help="print the text of rule sets that disagree")
    chosen = parser.parse_args(arguments)
    seeds = range(chosen.seed, chosen.seed + chosen.rulesets)
    print(
        f"seeds {seeds.start} to {seeds.stop - 1}; one alone: python -m tests.kernel --rulesets 1 --planted 0 --seed N --show"
    )
    caught_enough = _planted([Task(seed, planted=True) for seed in seeds[: chosen.planted]], chosen.jobs)
    tasks = [*(Task(0, file=path) for path in written_rulesets()), *(Task(seed) for seed in seeds)]
    done = _run(tasks, chosen.jobs, show=chosen.show)
    refused = [one for one in done if one.refused]
    for one in refused[:_SHOWN]:
        print(f"REFUSED {one.name}: {one.refused}")
    compared = [one for one in done if not one.refused]
    kinds, packets = totals(compared)
    print("rule sets by kind:", ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    print("packets by method:", ", ".join(f"{what} {count}" for what, count in sorted(packets.items())))
    if refused:
        print(f"rule sets that this machine does not load: {len(refused)}")
    sent = packets["own"] + packets["forwarded"] + packets["replies"]
    disagreements = sum(len(one.disagreements) for one in compared)
    print(f"rule sets {len(compared)}, packets {sent}, disagreements {disagreements}")
    return 0 if caught_enough and disagreements == 0 and len(refused) * 100 <= len(done) else 1


def _planted(tasks: Sequence[Task], jobs: int) -> bool:
    """Whether enough of the planted mistakes were noticed; those in lines that nothing reaches cannot be."""
    if not tasks:
        return True
    tried = [one for one in outcomes(tasks, jobs) if "nothing to plant" not in one.kinds]
    caught = sum(bool(one.disagreements) for one in tried)
    print(f"one bound of the model off by one: noticed in {caught} of {len(tried)} rule sets")
    return caught * 4 >= len(tried)


def _run(tasks: Sequence[Task], jobs: int, *, show: bool) -> list[Outcome]:
    done: list[Outcome] = []
    shown = 0
    last = time.monotonic()
    for one in outcomes(tasks, jobs):
        done.append(one)
        for what in one.disagreements:
            if shown < _SHOWN:
                print(f"DISAGREEMENT {one.name} ({', '.join(one.kinds)}): {what}")
            shown += 1
        if show and one.text:
            print(one.text)
        if time.monotonic() - last > _PROGRESS_SECONDS:
            last = time.monotonic()
            print(f"... {len(done)} of {len(tasks)} rule sets, {shown} disagreements", flush=True)
    return done


if __name__ == "__main__":
    sys.exit(main())
