"""The prefecture's page and its tables for Excel: files that need nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from secaudit.errors import UsageError
from secaudit.files import write_atomically
from secaudit.prefecture.roll_up import RollUp
from secaudit.report.environment import environment, percent
from secaudit.report.spreadsheet import csv_text
from secaudit.report.words import SEVERITIES
from secaudit.text.bilingual import Language, Text

PAGE, BODIES, RULES = "index.html", "bodies.csv", "rules.csv"
RULES_SHOWN = 40
MARK = '<meta name="generator" content="secaudit aggregate">'
"""By this a page that we wrote is known again."""


def write_site(rollup: RollUp, out_dir: Path, language: Language = Language.JA) -> tuple[Path, ...]:
    """Writes the page and its tables, replacing those of an earlier run. Returns what was written.

    Raises `UsageError`, and writes nothing, when the folder holds a file of one of these names that is not ours.
    """
    contents = render_site(rollup, language)
    _refuse_foreign(out_dir, contents)
    for name, text in contents.items():
        write_atomically(out_dir / name, text)
    return tuple(out_dir / name for name in contents)


def render_site(rollup: RollUp, language: Language) -> Mapping[str, str]:
    """The content of every file by its name. The page comes last: once it is there, the tables are too."""
    return {
        BODIES: _bodies_csv(rollup, language),
        RULES: _rules_csv(rollup, language),
        PAGE: _page(rollup, language),
    }


def _page(rollup: RollUp, language: Language) -> str:
    # Only rules that something is wrong with; the whole list is in the CSV.
    troubled = tuple(rule for rule in rollup.rules if rule.failing or rule.undetermined)
    return (
        environment(language)
        .get_template("prefecture.html.j2")
        .render(
            rollup=rollup,
            troubled=troubled[:RULES_SHOWN],
            rules_omitted=max(0, len(troubled) - RULES_SHOWN),
            worst=max((rule.share for rule in troubled), default=0.0),
        )
    )


def _refuse_foreign(out_dir: Path, contents: Mapping[str, str]) -> None:
    for name in contents:
        path = out_dir / name
        if path.is_symlink() or (path.exists() and not _is_ours(path, name)):
            raise UsageError(
                Text(
                    ja=f"{path} は secaudit aggregate が書いたファイルではないため、上書きしない",
                    en=f"{path} was not written by secaudit aggregate and is not overwritten",
                ),
                Text(ja="別のフォルダを --out に指定する", en="choose another folder with --out"),
            )


def _is_ours(path: Path, name: str) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(4096).decode("utf-8", errors="replace")
    except OSError:
        return False
    if name == PAGE:
        return MARK in head
    columns = _BODY_COLUMNS if name == BODIES else _RULE_COLUMNS
    return any(head.startswith(csv_text([column.in_(language) for column in columns], ())) for language in Language)


_BODY_COLUMNS = (
    Text(ja="団体コード", en="code"),
    Text(ja="団体名", en="name"),
    Text(ja="提出", en="submitted"),
    Text(ja="適合率", en="compliance rate"),
    Text(ja="適合率（例外措置を考慮）", en="compliance rate with exceptions"),
    Text(ja="確認率", en="confirmation rate"),
    Text(ja="重大（未対応）", en="critical open"),
    Text(ja="不適合", en="failures"),
    Text(ja="確認不能", en="undetermined"),
    Text(ja="次の法定期限", en="next legal date"),
    Text(ja="期限までの日数", en="days left"),
    Text(ja="最新の証跡からの日数", en="age of newest evidence in days"),
    Text(ja="基準日", en="as of"),
    Text(ja="モデル", en="model"),
    Text(ja="監査基準", en="edition"),
    Text(ja="ファイル", en="file"),
)
_RULE_COLUMNS = (
    Text(ja="ルール", en="rule"),
    Text(ja="件名", en="title"),
    Text(ja="重要度", en="severity"),
    Text(ja="不適合の団体", en="failing bodies"),
    Text(ja="対象の団体", en="bodies"),
    Text(ja="割合", en="share"),
    Text(ja="確認不能の団体", en="undetermined bodies"),
)


def _bodies_csv(rollup: RollUp, language: Language) -> str:
    yes, no = Text(ja="済", en="yes").in_(language), Text(ja="未", en="no").in_(language)
    rows: list[tuple[str | int | None, ...]] = [
        (body.code, body.name, no, *(None,) * (len(_BODY_COLUMNS) - 3)) for body in rollup.missing
    ]
    rows += [
        (
            body.code,
            body.name,
            yes,
            _rate(body.compliance),
            _rate(body.compliance_after_exceptions),
            _rate(body.confirmation),
            body.critical_open,
            body.failed,
            body.undetermined,
            None if body.deadline is None else body.deadline.date.isoformat(),
            None if body.deadline is None else body.deadline.days_left,
            body.evidence_age_days,
            body.as_of.isoformat(),
            body.model.in_(language),
            body.edition.in_(language),
            body.file,
        )
        for body in rollup.bodies
    ]
    return csv_text([column.in_(language) for column in _BODY_COLUMNS], rows)


def _rules_csv(rollup: RollUp, language: Language) -> str:
    return csv_text(
        [column.in_(language) for column in _RULE_COLUMNS],
        (
            (
                rule.id,
                rule.title.in_(language),
                SEVERITIES[rule.severity].in_(language),
                rule.failing,
                rule.bodies,
                percent(rule.share).replace(" ", ""),
                rule.undetermined,
            )
            for rule in rollup.rules
        ),
    )


def _rate(share: float | None) -> str | None:
    return None if share is None else percent(share).replace(" ", "")
