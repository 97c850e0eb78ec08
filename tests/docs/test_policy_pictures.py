"""The pictures of the matrices in the documents are what the program draws."""

from __future__ import annotations

import pytest

from secaudit.municipality.model import Model
from secaudit.policy import editions, load_policy
from secaudit.report.policy_picture import picture
from secaudit.text.bilingual import Language
from tests.docs.documents import ROOT


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("model", list(Model))
def test_the_picture_is_drawn_from_the_data(model: Model, language: Language) -> None:
    kept = ROOT / "docs" / "pictures" / f"policy-{model.value}.{language.value}.svg"
    drawn = picture(load_policy(editions()[-1], model), language)
    assert kept.read_text(encoding="utf-8") == drawn, f"secaudit policy show --model {model.value} --svg > {kept.name}"
