"""What holds in every edition and model (guideline 4.9), checked whenever a policy is loaded."""

from __future__ import annotations

from collections.abc import Mapping

from secaudit.errors import PolicyError
from secaudit.municipality.model import Model
from secaudit.policy.definitions import Definition, text_of
from secaudit.policy.matrix import Matrix, split_cell
from secaudit.text.bilingual import Text


def check_invariants(definition: Definition, matrix: Matrix, edition: str, model: Model) -> None:
    """Raises `PolicyError` for the first cell that breaks an invariant, naming both."""
    for entry in definition.data["invariants"]:
        if model.value not in entry.get("models", list(Model)):
            continue
        only = frozenset(entry["only"])
        for source in entry["from"]:
            for destination in entry["to"]:
                text = matrix.cells[source, destination].text
                if not frozenset(split_cell(text)) <= only:
                    raise _broken(entry, edition, model, f"{source}→{destination}", text)


def _broken(entry: Mapping[str, object], edition: str, model: Model, pair: str, text: str) -> PolicyError:
    title = text_of(entry["title"])  # type: ignore[arg-type]
    only = "、".join(entry["only"])  # type: ignore[arg-type]
    return PolicyError(
        Text(
            ja=f"{edition} {model.value} の {pair} が {text} であり、すべての版に共通の原則「{title.ja}」に反する",
            en=f"{pair} of {edition} {model.value} is {text}, which breaks what holds in every edition: {title.en}",
        ),
        file="policies/invariants.yaml",
        hint=Text(ja=f"この欄に書ける記号: {only}", en=f"codes that may stand there: {only.replace('、', ', ')}"),
    )
