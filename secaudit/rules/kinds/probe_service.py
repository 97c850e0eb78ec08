"""`probe_service`: which services answered a scan, and which versions of TLS and SSH they offer.

What a scan saw is a failure; what it did not ask, or what did not answer, is no evidence. A pass speaks of the services that were
examined and says how many they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secaudit.municipality.model import Zone
from secaudit.probes.observation import PortObservation, PortState, Scan
from secaudit.probes.services import SERVICE_NAMES, ServiceSeen, TlsVersion
from secaudit.rules.answers import answer, lines, municipality_subject
from secaudit.rules.context import RuleContext
from secaudit.rules.kind import Kind
from secaudit.rules.observed import scan_subject, unusable
from secaudit.rules.result import Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.bilingual import Text

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Parameters:
    refused: tuple[str, ...]
    least_tls: TlsVersion | None
    least_ssh: int | None
    max_age_days: int | None
    zones: frozenset[Zone]


@dataclass(frozen=True, slots=True)
class _Question:
    """One question to open ports, with its reason codes.

    `tells` is whether what was seen answers the question, None where the question was not put or does not concern the service.
    `all_well` gets the number of services that were examined.
    """

    tells: Callable[[ServiceSeen], bool | None]
    is_faulty: Callable[[ServiceSeen], bool]
    fault: str
    faulty: Text
    doubt: str
    unclear: Text
    need: Text
    all_well: Callable[[int], Text]
    not_asked: Text


@dataclass(frozen=True, slots=True)
class _Findings:
    """The open ports of one scan under one question."""

    question: _Question
    examined: tuple[PortObservation, ...]
    faulty: tuple[PortObservation, ...]
    unclear: tuple[PortObservation, ...]


def _parse(data: Mapping[str, Any]) -> _Parameters:
    least_tls = data.get("least_tls")
    found = _Parameters(
        refused=tuple(data.get("refused", ())),
        least_tls=None if least_tls is None else TlsVersion.of(least_tls),
        least_ssh=data.get("least_ssh"),
        max_age_days=data.get("max_age_days"),
        zones=frozenset(Zone(name) for name in data.get("zones", ())),
    )
    if not found.refused and found.least_tls is None and found.least_ssh is None:
        raise ValueError("nothing is asked: give refused, least_tls or least_ssh")
    return found


def _check(rule: Rule, parameters: _Parameters, context: RuleContext) -> Iterable[RuleResult]:
    questions = tuple(_questions(parameters))
    for scan in sorted(context.scans, key=lambda one: one.file):
        yield _judge(rule, parameters, context, scan, questions)
    if not context.scans:
        fact = Text(
            ja="探査の結果が提出されておらず、応答するサービスは調べられていない。",
            en="No scan was submitted, so no scan examined services.",
        )
        yield answer(rule, Outcome.NOT_APPLICABLE, "no_scan", municipality_subject(context), fact)


def _judge(
    rule: Rule, parameters: _Parameters, context: RuleContext, scan: Scan, questions: tuple[_Question, ...]
) -> RuleResult:
    """One result for a scan. A scan that asked no such thing is told before one that is too old: a new one would not ask it either."""
    ports = tuple(_open_ports(context, scan, parameters.zones))
    answers = [_findings(question, ports) for question in questions]
    told = [one for one in answers if one.examined or one.unclear]
    if not told:
        facts = [question.not_asked for question in questions]
        return answer(
            rule,
            Outcome.NOT_APPLICABLE,
            "not_examined",
            scan_subject(scan),
            *facts,
            evidence=lines(context, (scan.source,)),
        )
    refused = unusable(rule, context, scan, parameters.max_age_days)
    if refused is not None:
        return refused
    faulty = [one for one in told if one.faulty]
    if faulty:
        facts = [_listing(one.question.faulty, one.faulty) for one in faulty]
        evidence = lines(context, (seen.source for one in faulty for seen in one.faulty))
        return answer(rule, Outcome.FAIL, faulty[0].question.fault, scan_subject(scan), *facts, evidence=evidence)
    return _without_fault(rule, context, scan, answers)


def _without_fault(rule: Rule, context: RuleContext, scan: Scan, answers: list[_Findings]) -> RuleResult:
    unclear = [one for one in answers if one.unclear]
    if unclear:
        return answer(
            rule,
            Outcome.UNDETERMINED,
            unclear[0].question.doubt,
            scan_subject(scan),
            *(_listing(one.question.unclear, one.unclear) for one in unclear),
            evidence=lines(context, (seen.source for one in unclear for seen in one.unclear)),
            needs=tuple(one.question.need for one in unclear),
        )
    if not scan.complete:
        return answer(
            rule,
            Outcome.UNDETERMINED,
            "incomplete_scan",
            scan_subject(scan),
            Text(ja="探査が完了していない。", en="The scan is not complete."),
            evidence=lines(context, (scan.source,)),
            needs=(Text(ja="完了した探査の結果", en="a complete scan"),),
        )
    return answer(
        rule,
        Outcome.PASS,
        "services_as_asked",
        scan_subject(scan),
        *(one.question.all_well(len(one.examined)) if one.examined else one.question.not_asked for one in answers),
        Text(ja="これら以外のポートについては、判断していない。", en="Nothing is said of other ports."),
        evidence=lines(context, (scan.source, *(seen.source for one in answers for seen in one.examined))),
    )


def _open_ports(context: RuleContext, scan: Scan, zones: frozenset[Zone]) -> Iterable[PortObservation]:
    """The ports that surely are open at a target itself. With `zones`, targets of other zones are left out; one in no zone is not."""
    for seen in scan.ports:
        if seen.state is not PortState.OPEN or not seen.answered_by_target or not seen.port:
            continue
        if not zones or context.places.of_address(seen.target) in (*zones, None):
            yield seen


def _findings(question: _Question, ports: tuple[PortObservation, ...]) -> _Findings:
    told = [(one, one.seen, question.tells(one.seen)) for one in ports if one.seen is not None]
    return _Findings(
        question,
        examined=tuple(one for one, _, tells in told if tells),
        faulty=tuple(one for one, seen, tells in told if tells and question.is_faulty(seen)),
        unclear=tuple(one for one, _, tells in told if tells is False),
    )


def _listing(text: Text, ports: tuple[PortObservation, ...]) -> Text:
    named = list(dict.fromkeys(map(_shown, ports)))
    shown = ", ".join(named[:_SHOWN]) + (", ..." if len(named) > _SHOWN else "")
    return Text(ja=f"{text.ja}（{len(named)}件：{shown}）。", en=f"{text.en} ({len(named)}: {shown}).")


def _shown(seen: PortObservation) -> str:
    words = "" if seen.seen is None else " ".join(word for word in (seen.seen.name, str(seen.seen)) if word)
    return f"{seen.target} {seen.protocol}/{seen.port} {words}".rstrip()


# --- the questions ----------------------------------------------------------------------------------------


def _questions(parameters: _Parameters) -> Iterable[_Question]:
    if parameters.refused:
        yield _refused(parameters.refused)
    if parameters.least_tls is not None:
        yield _least_tls(parameters.least_tls)
    if parameters.least_ssh is not None:
        yield _least_ssh(parameters.least_ssh)


def _refused(words: tuple[str, ...]) -> _Question:
    names = frozenset(name for word in words for name in SERVICE_NAMES[word])
    shown = ", ".join(words)
    return _Question(
        # A service inside TLS is none of those without encryption, whatever its name.
        tells=lambda seen: None if seen.name is None else bool(seen.name) or seen.encrypted,
        is_faulty=lambda seen: not seen.encrypted and seen.name in names,
        fault="refused_service",
        faulty=Text(ja="停止すべきサービスが応答した", en="Services answered that must be off"),
        doubt="service_not_identified",
        unclear=Text(
            ja="開いているポートのサービスの種別を判断できない", en="The services behind these open ports are not known"
        ),
        need=Text(
            ja="開いているポートのサービスの種別が分かる探査の結果（nmapの -sV）",
            en="a scan that tells the services behind the open ports (-sV of nmap)",
        ),
        all_well=lambda count: Text(
            ja=f"種別を調べた{count}件のサービスの中に、停止すべきもの（{shown}）はなかった。",
            en=f"Services examined: {count}; none is one of those that must be off ({shown}).",
        ),
        not_asked=Text(
            ja="この探査には、サービスの種別を調べた応答がない。",
            en="The scan holds no answer that tells the services behind open ports.",
        ),
    )


def _least_tls(least: TlsVersion) -> _Question:
    return _Question(
        tells=lambda seen: None if seen.tls is None else bool(seen.tls),
        is_faulty=lambda seen: seen.tls is not None and any(one < least for one in seen.tls),
        fault="old_tls",
        faulty=Text(ja=f"{least}より古い版を受け付けるサービスがある", en=f"Services accept versions before {least}"),
        doubt="tls_not_told",
        unclear=Text(
            ja="TLSで応答したが、受け付ける版を判断できない",
            en="These answered in TLS, but which versions they accept is not known",
        ),
        need=Text(
            ja="受け付けるTLSの版が分かる探査の結果（nmapの ssl-enum-ciphers）",
            en="a scan that tells the versions of TLS (ssl-enum-ciphers of nmap)",
        ),
        all_well=lambda count: Text(
            ja=f"TLSの版を調べた{count}件のサービスは、いずれも{least}以上のみを受け付けた。",
            en=f"Services whose versions of TLS were examined: {count}; all accept {least} or later only.",
        ),
        not_asked=Text(
            ja="この探査には、TLSの版を調べた応答がない。", en="The scan holds no answer that tells versions of TLS."
        ),
    )


def _least_ssh(least: int) -> _Question:
    return _Question(
        # A server of SSH names its version at once (RFC 4253 4.2): what nmap could not identify does not speak it to this prober.
        tells=lambda seen: None if seen.ssh is None else bool(seen.ssh),
        is_faulty=lambda seen: seen.ssh is not None and any(one < least for one in seen.ssh),
        fault="old_ssh",
        faulty=Text(
            ja=f"SSHの第{least}版より古い版を受け付けるサービスがある",
            en=f"Services accept versions of SSH before {least}",
        ),
        doubt="ssh_not_told",
        unclear=Text(
            ja="SSHで応答したが、受け付ける版を判断できない",
            en="These answered in SSH, but which versions they accept is not known",
        ),
        need=Text(
            ja="受け付けるSSHの版が分かる探査の結果（nmapの -sV 及び sshv1）",
            en="a scan that tells the versions of SSH (-sV and sshv1 of nmap)",
        ),
        all_well=lambda count: Text(
            ja=f"SSHの版を調べた{count}件のサービスは、いずれも第{least}版のみを受け付けると応答した。",
            en=f"Services whose versions of SSH were examined: {count}; all offer version {least} only.",
        ),
        not_asked=Text(
            ja="この探査には、SSHの版を調べた応答がない。", en="The scan holds no answer that tells versions of SSH."
        ),
    )


KIND = Kind("probe_service", _parse, _check)
