"""What somebody has to do about exceptions: those that ended, end soon, are not needed, or name nothing."""

from __future__ import annotations

from collections.abc import Iterator

from secaudit.audit.result import AuditResult, ExceptionSummary
from secaudit.text.bilingual import Text
from secaudit.text.dates import in_japanese_era


def exception_notes(result: AuditResult) -> tuple[Text, ...]:
    """One sentence for each kind of exception that wants attention; none when all is in order."""
    return tuple(_notes(result.exceptions))


def _notes(entries: tuple[ExceptionSummary, ...]) -> Iterator[Text]:
    wrong = [one for one in entries if one.problem is not None]
    expired = [one for one in entries if one.state == "expired"]
    soon = [one for one in entries if one.ends_soon]
    unused = [one for one in entries if one.state == "valid" and one.problem is None and not one.used]
    if wrong:
        yield Text(
            ja=f"対象とする規則又は機器等が存在しない例外措置：{_ids(wrong)}。",
            en=f"Exceptions whose rule or subject does not exist: {_ids(wrong)}.",
        )
    if expired:
        yield Text(ja=f"期限の切れた例外措置：{_dated(expired).ja}。", en=f"Expired exceptions: {_dated(expired).en}.")
    if soon:
        yield Text(
            ja=f"30日以内に期限を迎える例外措置：{_dated(soon).ja}。",
            en=f"Exceptions that end within 30 days: {_dated(soon).en}.",
        )
    if unused:
        yield Text(
            ja=f"該当する不適合がなく、使用されていない例外措置：{_ids(unused)}。",
            en=f"Exceptions that settle nothing and are not used: {_ids(unused)}.",
        )


def _ids(entries: list[ExceptionSummary]) -> str:
    return ", ".join(one.id for one in entries)


def _dated(entries: list[ExceptionSummary]) -> Text:
    return Text(
        ja="、".join(f"{one.id}（{in_japanese_era(one.valid_until)}まで）" for one in entries),
        en=", ".join(f"{one.id} (until {one.valid_until.isoformat()})" for one in entries),
    )
