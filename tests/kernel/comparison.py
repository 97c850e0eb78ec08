"""One rule set: what the kernel does with packets, against what we say of them.

Every disagreement is a sentence with the packet. Packets of which the model honestly says that it cannot tell (the two modes differ) are
counted, and only what is impossible is a disagreement for them.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache

from secaudit.flows.modes import Mode
from secaudit.flows.replay_headers import reply_to
from secaudit.network.intervals import IPAddress
from secaudit.network.matches import TCP
from secaudit.packets.packet import SYN, Packet
from tests.kernel.frames import to_bytes
from tests.kernel.laboratory import ADDRESSES, ROUTES, Injected, Laboratory, Observed
from tests.kernel.loading import RuleSet
from tests.kernel.prediction import ITSELF, Prediction
from tests.kernel.rounds import in_rounds

_INTERPRETED_EVERY = 10
_ENOUGH = 20
"""After so many disagreements a rule set is wrong, and no packet is asked about again."""
_CONVERSATIONS = {True: 8, False: 40}
"""At most so many replies a round; where connections are tracked there are many rounds."""


@dataclass(slots=True)
class Report:
    """What was compared for one rule set. `packets` counts them by what was asked (`own`, `forwarded`, `replies`, ...)."""

    packets: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trial:
    """A packet for the wire of an interface, or (None) of the router's own."""

    packet: Packet
    ingress: str | None

    def __str__(self) -> str:
        return f"{self.packet} {'of its own' if self.ingress is None else f'into {self.ingress}'}"


class Comparison:
    """A router with the rules loaded, and our model of what was read. Writes into `report`."""

    def __init__(self, laboratory: Laboratory, rules: RuleSet, prediction: Prediction, report: Report) -> None:
        self._laboratory = laboratory
        self._rules = rules
        self._prediction = prediction
        self._report = report
        self._asked = 0

    def own(self, packets: Sequence[Packet]) -> None:
        """Packets that the router itself sends, through OUTPUT and POSTROUTING: the kernel tells at once which it drops."""
        for group in self._rounds([Trial(packet, None) for packet in packets]):
            for trial in group:
                self._count("own", self._own_answers(trial.packet))
                interpret = self._interpreted()
                passed = self._laboratory.send_own(trial.packet)
                if any(self._own_complaints(trial, passed, interpret=interpret)):
                    self._alone()
                    passed = self._laboratory.send_own(trial.packet)
                    self._disagree(trial, self._own_complaints(trial, passed, interpret=interpret))
        self._laboratory.clear()

    def forwarded(self, trials: Sequence[Trial]) -> None:
        """Packets on the wires of the router, and replies to some of those that come out."""
        for group in self._rounds(trials):
            sent = {self._laboratory.number(): trial for trial in group}
            found = self._laboratory.inject([_frame(number, trial) for number, trial in sent.items()])
            crossed: list[tuple[int, Trial, Observed]] = []
            again: list[tuple[Trial, bool]] = []
            for number, trial in sent.items():
                seen = _of(trial.packet, found.get(number, []))
                self._count("forwarded", self._answers(trial), seen)
                interpret = self._interpreted() or (self._rules.nat and any(one.packet != trial.packet for one in seen))
                if self._complaints(trial, seen, interpret=interpret):
                    again.append((trial, interpret))
                elif seen:
                    crossed.append((number, trial, seen[0]))
                self._report.packets["translated"] += any(one.packet != trial.packet for one in seen)
            self._replies(crossed)
            for trial, interpret in again:
                self._ask_again(trial, interpret=interpret)

    def _rounds(self, trials: Sequence[Trial]) -> Iterator[Sequence[Trial]]:
        if not self._rules.tracked:
            yield trials
            return
        for group in in_rounds(trials, lambda trial: trial.packet, nat=self._rules.nat):
            self._laboratory.flush_connections()
            yield group

    # --- a packet alone

    def _alone(self) -> None:
        """The next packet is the only connection: what we say of a packet must not hang on those before it.

        (Two connections can be given the same ends by a translation that leaves no choice of port; the kernel drops the second.)
        """
        self._report.packets["asked again"] += 1
        self._laboratory.flush_connections()

    def _ask_again(self, trial: Trial, *, interpret: bool) -> None:
        if len(self._report.disagreements) >= _ENOUGH:
            return
        self._alone()
        number = self._laboratory.number()
        found = self._laboratory.inject([_frame(number, trial)])
        seen = _of(trial.packet, found.get(number, []) or self._laboratory.wait_for(number))
        self._disagree(trial, self._complaints(trial, seen, interpret=interpret))

    # --- judging

    def _disagree(self, trial: Trial, complaints: Iterable[str]) -> None:
        self._report.disagreements += [f"{trial}: {what}" for what in complaints]

    def _count(self, what: str, answers: tuple[object, object], seen: Sequence[Observed] = ()) -> None:
        self._report.packets[what] += 1
        self._report.packets["crossed"] += bool(seen)
        self._report.packets["undetermined"] += answers[0] != answers[1]

    def _interpreted(self) -> bool:
        self._asked += 1
        chosen = self._asked % _INTERPRETED_EVERY == 0
        self._report.packets["interpreted"] += chosen
        return chosen

    def _own_answers(self, packet: Packet) -> tuple[bool, bool]:
        """By packet sets: whether it possibly gets out, and whether it surely does."""
        egress = egress_of(packet.destination)
        possible = self._prediction.own_passes(packet, egress, Mode.POSSIBLE)
        return possible, self._prediction.own_passes(packet, egress, self._prediction.sure)

    def _own_complaints(self, trial: Trial, passed: bool, *, interpret: bool) -> Iterator[str]:
        kernel = "the kernel lets it out" if passed else "the kernel drops it"
        possible, certain = self._own_answers(trial.packet)
        if passed and not possible:
            yield f"{kernel}, packet sets say that it is denied"
        if not passed and certain:
            yield f"{kernel}, packet sets say that it is permitted"
        mode = Mode.POSSIBLE if passed else self._prediction.sure
        egress = egress_of(trial.packet.destination)
        if interpret and self._prediction.own_passes_by_interpreter(trial.packet, egress, mode) is not passed:
            yield f"{kernel}, the interpreter ({mode.value}) says otherwise"

    def _answers(self, trial: Trial) -> tuple[set[str], set[str]]:
        """By packet sets: where it possibly comes out, and where it surely does."""
        ingress = trial.ingress or ""
        possible = self._prediction.leaves_by(trial.packet, Mode.POSSIBLE, ingress)
        return possible, self._prediction.leaves_by(trial.packet, self._prediction.sure, ingress)

    def _complaints(self, trial: Trial, seen: Sequence[Observed], *, interpret: bool) -> list[str]:
        packet, ingress = trial.packet, trial.ingress or ""
        possible, certain = self._answers(trial)
        kernel = _described(seen)
        found = [f"{kernel}: more than once"] if len(seen) > 1 else []
        if certain and not seen and self._prediction.hangs_on_a_choice(packet, ingress):
            self._report.packets["choice"] += 1
            return found
        if certain and not seen:
            found.append(f"{kernel}, packet sets say that it surely comes out of {sorted(certain)}")
        for one in seen:
            if (one.interface or ITSELF) not in possible:
                found.append(f"{kernel}, packet sets say {sorted(possible) or 'that it is stopped'}")
            elif not self._prediction.arrives_as(packet, one, ingress):
                found.append(f"{kernel}, packet sets say that it has another header then")
        # of a pool the interpreter follows two addresses only, so what hangs on the others is left to packet sets
        asked = interpret and possible == certain and not self._prediction.hangs_on_a_choice(packet, ingress)
        return [*found, *(self._interpreter_complaints(trial, seen, kernel) if asked else ())]

    def _interpreter_complaints(self, trial: Trial, seen: Sequence[Observed], kernel: str) -> Iterator[str]:
        packet, ingress = trial.packet, trial.ingress or ""
        possible = self._prediction.ways(packet, Mode.POSSIBLE, ingress)
        certain = self._prediction.ways(packet, self._prediction.sure, ingress)
        if certain and not seen:
            yield f"{kernel}, the interpreter says that it surely comes out of {_places(certain)}"
        for one in seen:
            if (one.interface or ITSELF) not in {place for place, _ in possible}:
                yield f"{kernel}, the interpreter says {_places(possible) or 'that it is stopped'}"
            elif len(possible) == 1 and not _agree(next(iter(possible))[1], one.packet):
                yield f"{kernel}, the interpreter says {_places(possible)}"

    # --- replies

    def _replies(self, crossed: Sequence[tuple[int, Trial, Observed]]) -> None:
        """The other side answers some of the packets that came out: does the answer get back?"""
        most = _CONVERSATIONS[self._rules.tracked]
        asked = [one for one in (self._reply(*each) for each in crossed) if one is not None][:most]
        for one, seen in zip(asked, self._sent(asked), strict=True):
            self._report.packets["replies"] += 1
            if _reply_complaint(one, seen) is None:
                continue
            if self._prediction.starts_anew(one.reply.packet, one.reply.ingress or ""):
                self._report.packets["choice"] += 1
            else:
                self._reply_again(one)

    def _reply(self, question: int, trial: Trial, seen: Observed) -> _Reply | None:
        """The reply to a packet that came out; None for one that nobody would answer, or that came out as we did not foresee."""
        # a connection of ICMP messages has one code; a question with another than 0 is answered by nobody
        plain = trial.packet.icmp_code == 0 and (trial.packet.protocol != TCP or trial.packet.tcp_flags == SYN)
        answer = reply_to(seen.packet) if plain and seen.interface is not None else None
        if answer is None:
            return None
        ingress = trial.ingress or ""
        possible = self._prediction.replies(trial.packet, ingress, seen, Mode.POSSIBLE)
        sure = self._prediction.replies(trial.packet, ingress, seen, self._prediction.sure)
        if possible is None or sure is None:
            return None
        return _Reply(question, trial, Trial(answer, seen.interface), frozenset(possible), frozenset(sure))

    def _sent(self, replies: Sequence[_Reply]) -> list[Sequence[Observed]]:
        """Sends replies; where each comes out."""
        if not replies:
            return []
        numbers = [self._laboratory.number() for _ in replies]
        frames = [
            Injected(one.reply.ingress or "", number, to_bytes(one.reply.packet, number, answers=one.question))
            for number, one in zip(numbers, replies, strict=True)
        ]
        found = self._laboratory.inject(frames)
        return [_of(one.reply.packet, found.get(number, [])) for number, one in zip(numbers, replies, strict=True)]

    def _reply_again(self, one: _Reply) -> None:
        """The whole conversation, alone."""
        if len(self._report.disagreements) >= _ENOUGH:
            return
        self._alone()
        number = self._laboratory.number()
        found = self._laboratory.inject([_frame(number, one.opening)])
        opened = _of(one.opening.packet, found.get(number, []))
        again = self._reply(number, one.opening, opened[0]) if opened else None
        if again is None:
            return
        complaint = _reply_complaint(again, self._sent([again])[0])
        if complaint is not None:
            shown = Trial(again.reply.packet, f"{again.reply.ingress} (reply to {again.opening})")
            self._disagree(shown, [complaint])


@dataclass(frozen=True, slots=True)
class _Reply:
    """A reply, the number of the packet that it answers, and where the interpreter says that it possibly and surely comes out."""

    question: int
    opening: Trial
    reply: Trial
    possible: frozenset[tuple[str, Packet]]
    sure: frozenset[tuple[str, Packet]]


def _reply_complaint(one: _Reply, seen: Sequence[Observed]) -> str | None:
    if not seen and one.sure:
        return f"the kernel drops it, the interpreter says that it surely comes out of {_places(one.sure)}"
    for each in seen:
        fits = (place == (each.interface or ITSELF) and _agree(header, each.packet) for place, header in one.possible)
        if not any(fits):
            return f"{_described(seen)}, the interpreter says {_places(one.possible) or 'that it is stopped'}"
    return None


def _frame(number: int, trial: Trial) -> Injected:
    return Injected(trial.ingress or "", number, to_bytes(trial.packet, number))


def _of(sent: Packet, seen: Sequence[Observed]) -> Sequence[Observed]:
    """Without what the router itself says about it (an echo reply or an error carries what was sent)."""
    wanted = (sent.protocol, sent.icmp_type, sent.icmp_code)
    return [one for one in seen if (one.packet.protocol, one.packet.icmp_type, one.packet.icmp_code) == wanted]


def _agree(said: Packet, seen: Packet) -> bool:
    """Equal but for the source port, of which the kernel may take any that is free (packet sets are asked about it)."""
    return (said.source, said.destination, said.protocol, said.destination_port, said.tcp_flags) == (
        seen.source, seen.destination, seen.protocol, seen.destination_port, seen.tcp_flags,
    )  # fmt: skip


def _described(seen: Sequence[Observed]) -> str:
    if not seen:
        return "the kernel drops it"
    return "the kernel brings it to " + ", ".join(f"{one.interface or 'itself'} as {one.packet}" for one in seen)


def _places(ways: AbstractSet[tuple[str, Packet]]) -> str:
    return ", ".join(sorted(f"{place or 'itself'} as {packet}" for place, packet in ways))


@cache
def egress_of(destination: IPAddress) -> str:
    """The interface by which the router's routing table sends packets to an address that is not its own."""
    which = 0 if destination.version == 4 else 1
    for name, held in ADDRESSES.items():
        if destination in ipaddress.ip_interface(held[which]).network:
            return name
    for prefix, gateway in ROUTES:
        if (":" in gateway) is (which == 1) and (prefix == "default" or destination in ipaddress.ip_network(prefix)):
            return egress_of(ipaddress.ip_address(gateway))
    raise ValueError(f"no route to {destination}")
