"""The pages of `secaudit rules docs`: Markdown made from rules, fixtures, thresholds and the catalogue alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from secaudit.municipality.model import Zone
from secaudit.policy import editions
from secaudit.rules.documentation.coverage import Covered, coverage_of, rules_of
from secaudit.rules.documentation.words import plain, table, value_in_words, word
from secaudit.rules.fixtures.load import Fixture, load_fixtures
from secaudit.rules.result import Outcome
from secaudit.rules.rule import Check, Rule, Ruleset
from secaudit.rules.ruleset_files import FIXTURES_FOLDER
from secaudit.rules.thresholds import names_in
from secaudit.text.bilingual import Language

_EXAMPLES = 5
"""Examples of each outcome on a page."""


_LAYERS = (Zone.MY_NUMBER, Zone.LGWAN, Zone.INTERNET)
_LAYER_OF_CHAPTER = {
    "my-number": Zone.MY_NUMBER,
    "lgwan": Zone.LGWAN,
    "alpha-prime": Zone.LGWAN,
    "internet": Zone.INTERNET,
}


def layers_of(rule: Rule) -> tuple[str, ...]:
    """The layers that a rule is about: those that its parameters name, and the one of its chapter."""
    named = set(_words_in([check.written for check in rule.checks]))
    chapter = _LAYER_OF_CHAPTER.get(rule.chapter)
    return tuple(zone.value for zone in _LAYERS if zone.value in named or zone is chapter)


def _words_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words_in(one)


def pages(ruleset: Ruleset) -> Mapping[str, str]:
    """Every page by its name below the output folder: `ja/MN-01.md`, `en/README.md`, ..."""
    found: dict[str, str] = {}
    fixtures: dict[str, list[Fixture]] = {}
    for folder in ruleset.folders:
        for one in load_fixtures(folder / FIXTURES_FOLDER, ruleset):
            fixtures.setdefault(one.rule, []).append(one)
    for language in Language:
        writer = _Pages(ruleset, language)
        for rule in ruleset.rules:
            found[f"{language.value}/{rule.id}.md"] = _joined(writer.rule(rule, fixtures.get(rule.id, [])))
        found[f"{language.value}/README.md"] = _joined(writer.index())
        found[f"{language.value}/coverage.md"] = _joined(writer.coverage())
        found[f"{language.value}/thresholds.md"] = _joined(writer.thresholds())
    return found


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


class _Pages:
    """All pages in one language."""

    def __init__(self, ruleset: Ruleset, language: Language) -> None:
        self._ruleset = ruleset
        self._language = language

    def _say(self, ja: str, en: str) -> str:
        return ja if self._language is Language.JA else en

    def _word(self, name: str, code: str) -> str:
        return word(name, code, self._language)

    def _list(self, parts: Iterable[str]) -> str:
        return self._say("、", ", ").join(parts)

    def rule(self, rule: Rule, fixtures: list[Fixture]) -> Iterator[str]:
        """The page of one rule."""
        title = plain(rule.title.in_(self._language))
        yield f"# {rule.id} {title}"
        yield ""
        other = "en" if self._language is Language.JA else "ja"
        yield f"[{self._say('索引', 'Index')}](README.md) · [{self._say('English', '日本語')}](../{other}/{rule.id}.md)"
        yield ""
        yield plain(rule.requirement.in_(self._language))
        yield ""
        if rule.reference_only:
            yield self._say(
                "**参考**: 要件が確かでないため、不適合とはしない。", "**For reference**: it never fails an audit."
            )
            yield ""
        chapter = next(one for one in self._ruleset.chapters if one.id == rule.chapter)
        yield "| | |"
        yield "|---|---|"
        yield f"| {self._say('章', 'Chapter')} | {plain(chapter.title.in_(self._language))} |"
        yield f"| {self._say('重要度', 'Severity')} | {self._word('severities', rule.severity)} |"
        yield f"| {self._say('モデル', 'Models')} | {self._list(self._word('models', one) for one in rule.models)} |"
        yield f"| {self._say('必要な証跡', 'Evidence needed')} | {self._list(self._word('evidence', one) for one in rule.needs)} |"
        fields = self._list(self._word("fields", one) for one in rule.statutory_fields)
        yield f"| {self._say('施行規則第16条の3の分野', 'Field (Enforcement Regulation, Article 16-3)')} | {fields} |"
        meaning = self._word("confidence", rule.confidence)
        yield f"| {self._say('要件の確度', 'Confidence of the requirement')} | `{rule.confidence.value}` {meaning} |"
        yield ""
        yield from self._clauses(rule)
        yield f"## {self._say('判定の方法', 'How it is judged')}"
        yield ""
        for number, check in enumerate(rule.checks, 1):
            yield from self._check(check, number if len(rule.checks) > 1 else None)
        yield from self._where_not_told(rule)
        yield from self._used_thresholds(rule)
        yield f"## {self._say('改善の方法', 'Remedy')}"
        yield ""
        yield plain(rule.remedy.in_(self._language))
        yield ""
        yield from self._examples(fixtures)

    def _clauses(self, rule: Rule) -> Iterator[str]:
        yield f"## {self._say('条項', 'Clause')}"
        yield ""
        before = None
        for edition in editions():
            clause = rule.clauses.get(edition)
            if clause != before:
                text = plain(clause.in_(self._language)) if clause else self._say("定めなし", "none")
                yield f"- {edition} {self._say('から', 'on')}: {text}"
            before = clause
        yield ""

    def _check(self, check: Check, number: int | None) -> Iterator[str]:
        heading = f"`{check.kind.name}`" if number is None else f"{number}. `{check.kind.name}`"
        told = table("kinds").get(check.kind.name)
        yield f"{heading}: {told.in_(self._language)}" if told else heading
        yield ""
        for name, value in check.written.items():
            shown = value_in_words(value, self._ruleset.thresholds, self._language)
            yield f"- {self._word('parameters', name)}: {shown}"
        yield ""

    def _where_not_told(self, rule: Rule) -> Iterator[str]:
        demand = rule.where_not_told
        if demand is None:
            return
        yield self._say(
            "機器の設定ファイルから判断できない場合に限り、次の申告による。設定ファイルから分かることは、申告によって変わらない。",
            "Only where the configuration of a device does not tell, this statement counts. What a configuration tells is never overruled.",
        )
        yield ""
        yield f"- {plain(demand.in_words().in_(self._language))}"
        yield ""

    def _used_thresholds(self, rule: Rule) -> Iterator[str]:
        used = sorted({name for check in rule.checks for name in names_in(check.written)})
        if used:
            yield self._say(
                "しきい値は独自ルールセットで変更できる。",
                "Thresholds can be changed by an own ruleset.",
            )
            yield ""

    def _examples(self, fixtures: list[Fixture]) -> Iterator[str]:
        if not fixtures:
            return
        yield f"## {self._say('検査例', 'Examples')}"
        yield ""
        yield self._say(
            "全て適合となる架空の団体への変更と、その判定の理由である。",
            "Changes to a made-up body in which all is well, and the reason of the result.",
        )
        yield ""
        yield f"| {self._say('判定', 'Result')} | {self._say('例', 'Example')} | {self._say('理由', 'Reason')} |"
        yield "|---|---|---|"
        seen: Counter[Outcome] = Counter()
        chosen = []
        for one in fixtures:
            seen[one.outcome] += 1
            if seen[one.outcome] <= _EXAMPLES:
                chosen.append(one)
        for one in chosen:
            what = plain(one.name.partition("-")[2].replace("-", " "))
            reasons = ", ".join(dict.fromkeys(f"`{expected['reason']}`" for expected in one.expect))
            yield f"| {self._word('outcomes', one.outcome)} | {what} | {reasons} |"
        if len(fixtures) > len(chosen):
            more = len(fixtures) - len(chosen)
            yield ""
            yield self._say(f"ほか{more}件。", f"And {more} more.")
        yield ""

    def index(self) -> Iterator[str]:
        """Every rule by chapter, clause, layer, evidence and statutory field."""
        rules = self._ruleset.rules
        yield f"# {plain(self._ruleset.title.in_(self._language))}"
        yield ""
        yield self._say(
            f"{len(rules)}件のルールがある。`secaudit rules docs` が書いた頁である。[網羅状況](coverage.md)、[しきい値](thresholds.md)。",
            f"{len(rules)} rules. Written by `secaudit rules docs`. [Coverage](coverage.md), [thresholds](thresholds.md).",
        )
        yield ""
        yield f"## {self._say('章', 'By chapter')}"
        yield ""
        for chapter in self._ruleset.chapters:
            mine = [rule for rule in rules if rule.chapter == chapter.id]
            if mine:
                yield f"### {plain(chapter.title.in_(self._language))}"
                yield ""
                yield from self._table(mine)
        newest = editions()[-1]
        yield from self._group(
            f"{self._say('条項', 'By clause')} ({newest})",
            lambda rule: [plain(rule.clauses[newest].in_(self._language))] if newest in rule.clauses else [],
        )
        yield from self._group(
            self._say("層", "By layer"),
            lambda rule: [value_in_words(one, {}, self._language) for one in layers_of(rule)],
        )
        yield from self._group(
            self._say("証跡", "By evidence"), lambda rule: [self._word("evidence", one) for one in rule.needs]
        )
        yield from self._group(
            self._say("施行規則第16条の3の分野", "By statutory field"),
            lambda rule: [self._word("fields", one) for one in rule.statutory_fields],
        )

    def _table(self, rules: Iterable[Rule]) -> Iterator[str]:
        yield f"| {self._say('ルール', 'Rule')} | {self._say('件名', 'Title')} | {self._say('重要度', 'Severity')} |"
        yield "|---|---|---|"
        for rule in rules:
            title = plain(rule.title.in_(self._language))
            yield f"| [{rule.id}]({rule.id}.md) | {title} | {self._word('severities', rule.severity)} |"
        yield ""

    def _group(self, heading: str, keys: Callable[[Rule], list[str]]) -> Iterator[str]:
        groups: dict[str, list[str]] = {}
        for rule in self._ruleset.rules:
            for key in keys(rule):
                groups.setdefault(key, []).append(f"[{rule.id}]({rule.id}.md)")
        yield f"## {heading}"
        yield ""
        for key in sorted(groups):
            yield f"- {key}: {self._list(groups[key])}"
        yield ""

    def coverage(self) -> Iterator[str]:
        """How many controls of each chapter are covered, and which are not."""
        names = {
            Covered.AUTOMATED: self._say("自動", "automated"),
            Covered.PARTLY: self._say("一部自動", "partly"),
            Covered.ATTESTED: self._say("申告のみ", "attested"),
            Covered.NONE: self._say("未対応", "not covered"),
        }
        state = {control.id: coverage_of(self._ruleset, control) for control in self._ruleset.controls}
        yield f"# {self._say('ガイドラインの網羅状況', 'Coverage of the guideline')}"
        yield ""
        yield self._say(
            "管理策の目録（controls.yaml）とルールから数えた。「自動」は、目録の求める全ての証跡を機械的に調べるもの、「一部自動」は、その一部を調べ、残りを申告によるか調べていないもの、「申告のみ」は責任者の申告だけによるものをいう。",
            "Counted from the catalogue (controls.yaml) and the rules. *Automated*: all evidence that the catalogue asks for is examined by the program. *Partly*: some of it; the rest is stated, or not examined. *Attested*: by statements alone.",
        )
        yield ""
        yield (
            f"| {self._say('章', 'Chapter')} | {self._say('管理策', 'Controls')} | " + " | ".join(names.values()) + " |"
        )
        yield "|---|--:|--:|--:|--:|--:|"
        rows = [
            (
                plain(chapter.title.in_(self._language)),
                [one for one in state if one.partition("-")[0] in chapter.controls],
            )
            for chapter in self._ruleset.chapters
        ]
        total = self._say("計", "Total")
        for title, mine in [*(row for row in rows if row[1]), (total, list(state))]:
            counts = [sum(state[one] is covered for one in mine) for covered in names]
            yield f"| {title} | {len(mine)} | " + " | ".join(str(count) for count in counts) + " |"
        yield ""
        yield f"| {self._say('管理策', 'Control')} | {self._say('題名', 'Title')} | {self._say('条項', 'Clause')} | {self._say('状況', 'State')} | {self._say('ルール', 'Rules')} |"
        yield "|---|---|---|---|---|"
        for control in self._ruleset.controls:
            rules = self._list(f"[{rule.id}]({rule.id}.md)" for rule in rules_of(self._ruleset, control))
            title, clause = plain(control.title.in_(self._language)), plain(control.clause.in_(self._language))
            yield f"| {control.id} | {title} | {clause} | {names[state[control.id]]} | {rules or '－'} |"

    def thresholds(self) -> Iterator[str]:
        """Every threshold, what it rests on and which rules use it."""
        yield f"# {self._say('しきい値', 'Thresholds')}"
        yield ""
        for one in self._ruleset.thresholds.values():
            used = [rule for rule in self._ruleset.rules if any(one.id in names_in(c.written) for c in rule.checks)]
            bounds = ", ".join(one.choices) if one.choices else f"{one.minimum} – {one.maximum}"
            yield f"## {one.id}"
            yield ""
            yield plain(one.title.in_(self._language))
            yield ""
            yield f"- {self._say('値', 'Value')}: {plain(str(one.value))} ({one.unit})"
            yield f"- {self._say('変更できる範囲', 'Bounds')}: {plain(bounds)}"
            yield f"- {self._say('根拠', 'Basis')}: {plain(one.basis.in_(self._language))}"
            yield f"- {self._say('確度', 'Confidence')}: `{one.confidence.value}` {self._word('confidence', one.confidence)}"
            rules = self._list(f"[{rule.id}]({rule.id}.md)" for rule in used) or self._say("なし", "none")
            yield f"- {self._say('用いるルール', 'Used by')}: {rules}"
            yield ""
