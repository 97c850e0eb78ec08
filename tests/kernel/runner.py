"""Rule sets by seed or by file, each compared with the kernel in a worker process that moves into namespaces of its own."""

from __future__ import annotations

import multiprocessing
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import Pool
from pathlib import Path

from secaudit.network.device import Device
from secaudit.network.matches import Family
from secaudit.packets.packet import Packet
from secaudit.vendors.reader import Reader
from tests.kernel.comparison import Comparison, Report, Trial
from tests.kernel.laboratory import Laboratory, LoadError, become_root
from tests.kernel.loading import Loader, Routers, RuleSet
from tests.kernel.mutation import with_one_bound_off
from tests.kernel.packets import Packets
from tests.kernel.prediction import Prediction, is_sure, read_device
from tests.kernel.random_iptables import RandomIptables
from tests.kernel.random_nft import RandomNft
from tests.kernel.values import Values

RULESETS = Path(__file__).with_name("rulesets")
_FAMILIES: tuple[tuple[Family, ...], ...] = ((4,), (4,), (6,), (6,), (4, 6))
_TRIES = 10
_LOADERS = (Loader.LEGACY, Loader.OVER_NFT, Loader.NFT, Loader.NFT)


@dataclass(frozen=True, slots=True)
class Task:
    """A random rule set (`seed`) or a file of rules, and how many packets of the router's own and how many forwarded ones.

    `planted`: the model gets a mistake, which the comparison should notice.
    """

    seed: int
    file: Path | None = None
    own: int = 1400
    forwarded: int = 1100
    planted: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one task. `kinds` tell what sort of rule set it was; `refused` what the kernel said when it did not take it."""

    name: str
    kinds: tuple[str, ...]
    packets: Mapping[str, int] = field(default_factory=dict)
    disagreements: tuple[str, ...] = ()
    text: str = ""
    """What was submitted, when there is something to show."""
    refused: str = ""


def outcomes(tasks: Iterable[Task], jobs: int) -> Iterator[Outcome]:
    """Runs tasks in worker processes, in any order. Whatever happens, the workers end, and their namespaces with them."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=become_root) as pool:
        yield from _results(pool, tasks)


def _results(pool: Pool, tasks: Iterable[Task]) -> Iterator[Outcome]:
    yield from pool.imap_unordered(run_task, tasks)


_routers: Routers | None = None


def run_task(task: Task) -> Outcome:
    """Loads, reads and compares one rule set; in a worker process."""
    global _routers
    if _routers is None:
        _routers = Routers()
    rng = random.Random(task.seed)
    rules, told = _from_file(task.file) if task.file is not None else _from_seed(task.seed, rng)
    kinds = _kinds(rules)
    try:
        laboratory, submitted = _routers.load(rules)
    except LoadError as error:
        return Outcome(rules.name, kinds, refused=str(error))
    device = read_device(_reader(rules.loader), submitted)
    if task.planted:
        planted = _planted(device, rules.families, rng)
        if planted is None:
            return Outcome(rules.name, (*kinds, "nothing to plant"))
        device = planted
    report = Report()
    _compare(laboratory, rules, Prediction(device), report, task, rng, told)
    sure = ("certain",) if is_sure(device) else ("partly uncertain",)
    shown = submitted if report.disagreements else ""
    return Outcome(rules.name, (*kinds, *sure), dict(report.packets), tuple(report.disagreements), shown)


def _planted(device: Device, families: Iterable[Family], rng: random.Random) -> Device | None:
    """The device with a mistake that changes what becomes of some packet; None when none of a few tries does."""
    for _ in range(_TRIES):
        planted = with_one_bound_off(device, rng)
        if planted is not None and Prediction(device).differs(Prediction(planted), families):
            return planted
    return None


def _compare(
    laboratory: Laboratory,
    rules: RuleSet,
    prediction: Prediction,
    report: Report,
    task: Task,
    rng: random.Random,
    told: Sequence[Trial],
) -> None:
    comparison = Comparison(laboratory, rules, prediction, report)
    comparison.own([trial.packet for trial in told if trial.ingress is None])
    comparison.forwarded([trial for trial in told if trial.ingress is not None])
    text = "\n".join(rules.texts.values())
    sources = [Packets(rng, family, text) for family in rules.families]
    comparison.own([sources[index % len(sources)].own().packet for index in range(task.own)])
    comparison.forwarded([sources[index % len(sources)].forwarded() for index in range(task.forwarded)])


def _reader(loader: Loader) -> Reader:
    if loader.is_iptables:
        from secaudit.vendors.iptables import READER as IPTABLES

        return IPTABLES
    from secaudit.vendors.nftables import READER as NFTABLES

    return NFTABLES


def _kinds(rules: RuleSet) -> tuple[str, ...]:
    families = tuple(f"IPv{family}" for family in rules.families)
    what = ("filter", *(("state",) if rules.state else ()), *(("NAT",) if rules.nat else ()))
    return (rules.loader.value, *families, *what, *(("as written",) if rules.as_written else ()))


def _from_seed(seed: int, rng: random.Random) -> tuple[RuleSet, list[Trial]]:
    loader = rng.choice(_LOADERS)
    families = rng.choice(_FAMILIES)
    state, nat = rng.random() < 0.55, rng.random() < 0.4
    values: dict[Family, Values] = {family: Values(rng, family) for family in families}
    texts: dict[Family, str] = {}
    if loader.is_iptables:
        for family in families:
            texts[family] = RandomIptables(rng, values[family], state=state, nat=nat).text()
    else:
        texts[families[0]] = RandomNft(rng, values, state=state, nat=nat).text()
    return RuleSet(f"seed {seed}", loader, families, texts, state, nat, as_written=rng.random() < 0.25), []


# --- rule sets written by hand

_TOLD = re.compile(r"#\s*(from|own)\s+(?:(\S+):\s+)?(\S.*)$", re.MULTILINE)
_ABOUT = re.compile(r"#\s*about:(.*)$", re.MULTILINE)


def written_rulesets() -> list[Path]:
    """Every rule set of this folder."""
    return sorted(path for path in RULESETS.iterdir() if path.suffix in (".rules", ".nft"))


def _from_file(path: Path) -> tuple[RuleSet, list[Trial]]:
    """`*.rules` are for iptables, `*.nft` for nft. The comment lines are described in `rulesets/README.md`."""
    text = path.read_text(encoding="utf-8")
    words = " ".join(_ABOUT.findall(text)).split()
    families: tuple[Family, ...] = tuple(family for family in (4, 6) if f"ipv{family}" in words) or (4,)  # type: ignore[misc]
    loader = Loader.NFT if path.suffix == ".nft" else Loader.LEGACY if "legacy" in words else Loader.OVER_NFT
    rules = RuleSet(path.name, loader, families, {families[0]: text}, "state" in words, "nat" in words)
    told = [
        Trial(Packet.parse(packet), where or None)
        for word, where, packet in _TOLD.findall(text)
        if word in ("from", "own")
    ]
    return rules, told


def totals(found: Iterable[Outcome]) -> tuple[Counter[str], Counter[str]]:
    """Rule sets by kind, and packets by what was asked of them."""
    kinds: Counter[str] = Counter()
    packets: Counter[str] = Counter()
    for one in found:
        kinds.update(one.kinds)
        packets.update(one.packets)
    return kinds, packets
