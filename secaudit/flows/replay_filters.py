"""One concrete header through one ordered filter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secaudit.flows.modes import Mode, default_applies, line_applies
from secaudit.flows.replay_headers import Fit, Header, best_fit
from secaudit.network.filters import Action, Certainty, Connection, Filter, FilterLine
from secaudit.network.matches import Match
from secaudit.network.nat import Translation
from secaudit.text.bilingual import Text
from secaudit.text.source import Sources


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a filter does with a header.

    `permits` is None when the mode asks for certainty and none can be had. `doubtful` are the lines (of those in `sources`) about
    which we are not sure and which had a say. `translation` with `match` is the NAT of the deciding policy.
    """

    permits: bool | None
    what: Text
    sources: Sources
    doubtful: Sources = ()
    translation: Translation | None = None
    match: Match | None = None
    opens_session: bool = False
    """The replies of this packet are let back."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A line whose fields fit, with how sure that is."""

    line: FilterLine
    match: Match | None
    certainty: Certainty

    @property
    def sure(self) -> bool:
        return self.certainty is Certainty.ALWAYS and self.line.action is not Action.UNKNOWN

    @property
    def doubtful(self) -> bool:
        """Sometimes is not a doubt: both states are real, and the modes agree about them."""
        return self.certainty is Certainty.UNCERTAIN or self.line.action is Action.UNKNOWN


def rule_on(
    filter_: Filter, header: Header, mode: Mode, ingress: str | None, egress: str | None, *, remembered: bool = False
) -> tuple[Ruling, ...]:
    """Usually one ruling; more where lines that may or may not act would translate the packet differently.

    `remembered`: the packet belongs to a connection that the device has let through.
    """
    if filter_.stateful and not header.packet.opens_connection:
        return (_no_session(filter_),)
    candidates = _candidates(filter_, header, ingress, egress, remembered=remembered)
    decided = next(
        ((one, action) for one in candidates if (action := _applies(one, mode)) is not None),
        None,
    )
    if decided is None:
        return (_default(filter_, header, mode, candidates),)
    chosen, action = decided
    position = candidates.index(chosen)
    doubtful = _sources(one.line for one in candidates[: position + 1] if one.doubtful)
    rulings = [_ruling(filter_, header, chosen, action is Action.PERMIT, doubtful)]
    if action is Action.PERMIT:
        rulings += _other_translations(filter_, header, mode, candidates, chosen)
    return tuple(rulings)


def is_exact(filter_: Filter) -> bool:
    """Whether every line, and the default, is understood and always in force."""
    if filter_.default is Action.UNKNOWN:
        return False
    return not any(one.action is Action.UNKNOWN or one.certainty is not Certainty.ALWAYS for one in filter_.lines)


def may_permit(filter_: Filter, header: Header) -> bool:
    """Whether any line that may permit fits, or the default may: what unsure lines do is left open."""
    if filter_.default is not Action.DENY:
        return True
    return any(
        one.action is not Action.DENY and best_fit(one.matches, header)[0] is not Fit.NO for one in filter_.lines
    )


def _applies(candidate: _Candidate, mode: Mode) -> Action | None:
    return line_applies(candidate.line.action, candidate.certainty, mode)


def _candidates(
    filter_: Filter, header: Header, ingress: str | None, egress: str | None, *, remembered: bool
) -> list[_Candidate]:
    """The lines that fit, in order, up to and including the first that surely acts."""
    found: list[_Candidate] = []
    wanted = (None, Connection.ESTABLISHED if remembered else Connection.NEW)
    for line in filter_.lines:
        if line.connection not in wanted:
            continue
        if line.ingress is not None and ingress not in line.ingress:
            continue
        if line.egress is not None and egress not in line.egress:
            continue
        fit, match = best_fit(line.matches, header)
        if fit is Fit.NO:
            continue
        certainty = line.certainty if fit is Fit.YES else Certainty.UNCERTAIN
        candidate = _Candidate(line, match, certainty)
        found.append(candidate)
        if candidate.sure:
            break
    return found


def _other_translations(
    filter_: Filter, header: Header, mode: Mode, candidates: list[_Candidate], chosen: _Candidate
) -> list[Ruling]:
    """Permits that act in another state, or perhaps, and would translate otherwise: to be right, each is a way of its own.

    A line that is only uncertain is a way to POSSIBLE; to the other modes it means that nothing certain can be said.
    """
    rulings: list[Ruling] = []
    before = True
    for one in candidates:
        if one is chosen:
            before = False
            continue
        if one.line.action is Action.DENY and one.doubtful and mode is not Mode.POSSIBLE:
            break
        if one.line.action is Action.DENY or one.line.source_translation == chosen.line.source_translation:
            continue
        if mode is Mode.POSSIBLE or not one.doubtful:
            doubtful = one.line.sources if one.doubtful else ()
            rulings.append(_ruling(filter_, header, one, True, doubtful))
        elif before:
            rulings.append(_untellable(filter_, one.line))
        else:
            break
    return rulings


def _ruling(filter_: Filter, header: Header, chosen: _Candidate, permits: bool, doubtful: Sources) -> Ruling:
    line = chosen.line
    what = _named(filter_, line.label, permits)
    if line.certainty is Certainty.SOMETIMES:
        what = Text(ja=f"{what.ja}（有効な時間・状態に限る）", en=f"{what.en} (only at some times or in some states)")
    return Ruling(
        permits=permits,
        what=_with_doubt(what, doubtful),
        sources=_merged(doubtful, line.sources),
        doubtful=doubtful,
        translation=line.source_translation if permits else None,
        match=chosen.match,
        opens_session=permits and _opens_session(filter_, header),
    )


def _default(filter_: Filter, header: Header, mode: Mode, candidates: list[_Candidate]) -> Ruling:
    permits = default_applies(filter_.default, mode) is Action.PERMIT
    doubtful = _sources(one.line for one in candidates if one.doubtful)
    sources = filter_.default_sources or filter_.sources
    if filter_.default is Action.UNKNOWN:
        doubtful = _merged(doubtful, sources)
    verb = Text(ja="通す", en="permits") if permits else Text(ja="破棄", en="denies")
    what = Text(
        ja=f"フィルター「{filter_.name}」: 一致する行がないため既定の動作（{verb.ja}）",
        en=f'filter "{filter_.name}": no line matches, the default {verb.en}',
    )
    return Ruling(
        permits=permits,
        what=_with_doubt(what, doubtful),
        sources=_merged(doubtful, sources),
        doubtful=doubtful,
        opens_session=permits and _opens_session(filter_, header),
    )


def _no_session(filter_: Filter) -> Ruling:
    return Ruling(
        permits=False,
        what=Text(
            ja=f"ステートフルなフィルター「{filter_.name}」: 接続を開始するパケットではなく、対応するセッションもないため破棄",
            en=f'stateful filter "{filter_.name}" denies: the packet opens no connection and belongs to no session',
        ),
        sources=filter_.sources,
    )


def _untellable(filter_: Filter, line: FilterLine) -> Ruling:
    return Ruling(
        permits=None,
        what=Text(
            ja=f"フィルター「{filter_.name}」の行「{line.label}」が一致するか確定できず、一致すればアドレス変換が異なる",
            en=f'filter "{filter_.name}": it cannot be told whether line "{line.label}" matches, and it would translate otherwise',
        ),
        sources=line.sources,
        doubtful=line.sources,
    )


def _opens_session(filter_: Filter, header: Header) -> bool:
    """A session that hangs on an unknown address is not counted on: it lets replies back, so too little is the safe side."""
    return filter_.stateful or best_fit(filter_.sessions, header)[0] is Fit.YES


def _named(filter_: Filter, label: str, permits: bool) -> Text:
    ja, en = ("通す", "permits") if permits else ("破棄", "denies")
    return Text(
        ja=f"フィルター「{filter_.name}」の行「{label}」が{ja}",
        en=f'filter "{filter_.name}" line "{label}" {en}',
    )


def _with_doubt(what: Text, doubtful: Sources) -> Text:
    if not doubtful:
        return what
    numbers = ", ".join(str(source.number) for source in doubtful)
    return Text(ja=f"{what.ja}（確定できない行: {numbers}）", en=f"{what.en} (not sure of line {numbers})")


def _sources(lines: Iterable[FilterLine]) -> Sources:
    return _merged(*(line.sources for line in lines))


def _merged(*groups: Sources) -> Sources:
    """All of them once, in their order."""
    return tuple(dict.fromkeys(source for group in groups for source in group))
