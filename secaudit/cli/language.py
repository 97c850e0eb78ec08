"""In which language this run of the program speaks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from secaudit.text.bilingual import Language, Text


def detect(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """`--lang` wins; else the locale; Japanese when the locale is Japanese, neutral or unset.

    Looked up before click parses anything, so that `--help` itself is in the right language.
    """
    for position, argument in enumerate(arguments):
        value = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and position + 1 < len(arguments):
            value = arguments[position + 1]
        if value in (Language.JA.value, Language.EN.value):
            return Language(value)
    locale = next((environment[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(key)), "")
    neutral = locale.split(".")[0] in ("", "C", "POSIX")
    return Language.JA if neutral or locale.lower().startswith("ja") else Language.EN


LANGUAGE = detect(sys.argv[1:], os.environ)


def say(ja: str, en: str) -> str:
    """One sentence in the language of this run."""
    return Text(ja, en).in_(LANGUAGE)
