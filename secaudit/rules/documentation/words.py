"""Words for kinds, parameters and codes, and values of parameters as people read them. The words are data: `words.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from secaudit.municipality.model import Model
from secaudit.municipality.roles import ROLES
from secaudit.policy import editions, load_policy
from secaudit.rules.rule import Threshold
from secaudit.rules.thresholds import named_by
from secaudit.text.bilingual import Language, Text

_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#"})


@cache
def table(name: str) -> Mapping[str, Text]:
    """One table of `words.json`: `kinds`, `parameters`, `confidence`, ..."""
    data = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
    return {key: Text(ja=value["ja"], en=value["en"]) for key, value in data[name].items()}


def word(name: str, code: str, language: Language) -> str:
    """A code in words; the code itself where another package has added one."""
    found = table(name).get(code)
    return code if found is None else found.in_(language)


def plain(text: str) -> str:
    """Text of a rule that means nothing to Markdown: rules may come from anybody."""
    return " ".join(text.split()).translate(_ESCAPED)


def value_in_words(value: Any, thresholds: Mapping[str, Threshold], language: Language) -> str:
    """The value of a parameter: zones by their titles, thresholds with their value, lists joined."""
    name = named_by(value)
    if name is not None:
        threshold = thresholds[name]
        return f"{threshold.value} ([{plain(threshold.title.in_(language))}](thresholds.md))"
    if isinstance(value, bool):
        return {Language.JA: ("いいえ", "はい"), Language.EN: ("no", "yes")}[language][value]
    if isinstance(value, list):
        return ("、" if language is Language.JA else ", ").join(
            value_in_words(one, thresholds, language) for one in value
        )
    if not isinstance(value, dict):
        titles = _titles()
        return plain(titles[value].in_(language) if value in titles else str(value))
    if {"from", "to"} <= set(value):
        arrow = " ⇄ " if value.get("both_ways") else " → "
        return arrow.join(value_in_words(value[key], thresholds, language) for key in ("from", "to"))
    if {"ja", "en"} == set(value):
        return plain(str(value[language.value]))
    if {"id", "title"} <= set(value):
        return _part_in_words(value, thresholds, language)
    if "protocol" in value and "ports" in value:
        return plain(f"{value['protocol']}/" + ",".join(str(port) for port in value["ports"]))
    if value.keys() <= {"zones", "conditions", "systems"}:
        joined = [item for listed in value.values() for item in listed]
        return value_in_words(joined, thresholds, language)
    if "kind" in value:
        return (
            f"`{value['kind']}` ("
            + "; ".join(
                f"{word('parameters', key, language)}: {value_in_words(one, thresholds, language)}"
                for key, one in value.get("parameters", {}).items()
            )
            + ")"
        )
    return plain(", ".join(f"{key}: {one}" for key, one in value.items()))


def _part_in_words(part: Mapping[str, Any], thresholds: Mapping[str, Threshold], language: Language) -> str:
    """The title of a part of a statement, with the number that it is about."""
    title = value_in_words(part["title"], thresholds, language)
    return title.replace("{value}", value_in_words(part["value"], thresholds, language)) if "value" in part else title


@cache
def _titles() -> Mapping[str, Text]:
    """Everything that a parameter may name by a word: codes of kinds, roles, zones, legal dates, external systems, conditions."""
    policy = load_policy(editions()[-1], Model.ALPHA)
    found = {**table("values"), **ROLES}
    found.update((info.zone.value, info.title) for info in policy.zones.values())
    found.update((due.id, due.title) for due in policy.legal_dates.values())
    found.update((name, system.title) for name, system in policy.systems.items())
    for code, condition in policy.conditions.items():
        found[code] = Text(ja=f"{code} {condition.title.ja}", en=f"{code} {condition.title.en}")
    return found
