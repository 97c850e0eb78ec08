"""One sentence in the two languages the product speaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language of the product; Japanese is the default of every report."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Japanese and English, kept together so that neither can be forgotten.

    >>> Text(ja="不適合", en="fail").in_(Language.EN)
    'fail'
    """

    ja: str
    en: str

    def in_(self, language: Language) -> str:
        """The sentence in one language."""
        return self.ja if language is Language.JA else self.en
