"""What can go wrong, with the exit status it leads to.

    SecauditError
    ├── UsageError        2  the command was called wrongly
    ├── InputError        2  a file cannot be read or is wrong; knows file, line and field
    ├── PolicyError       2  a file of policies/ or rulesets/ is wrong
    └── InternalError     4  two of our own engines disagree; never shown as a result

Exit status 0, 1 and 3 are verdicts, not errors (see `secaudit.cli.main`).
"""

from __future__ import annotations

from secaudit.text.bilingual import Language, Text


class SecauditError(Exception):
    """Base of every error this program raises on purpose.

    `text` says what is wrong, `hint` what to do next, both in ja and en.
    """

    exit_status = 2

    def __init__(self, text: Text, hint: Text | None = None) -> None:
        super().__init__(text.en)
        self.text = text
        self.hint = hint

    def message(self, language: Language) -> str:
        """The whole message for a person, hint included."""
        head = self.text.in_(language)
        return head if self.hint is None else f"{head}\n  → {self.hint.in_(language)}"


class UsageError(SecauditError):
    """The command was called in a way that cannot be carried out."""


class InputError(SecauditError):
    """A file given by the user cannot be used.

    `file` is the path as the user knows it, `line` counts from 1, `field` is the dotted path of a key.
    """

    def __init__(
        self,
        text: Text,
        *,
        file: str,
        line: int | None = None,
        field: str | None = None,
        hint: Text | None = None,
    ) -> None:
        super().__init__(text, hint)
        self.file = file
        self.line = line
        self.field = field

    def message(self, language: Language) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        field = f" [{self.field}]" if self.field else ""
        return f"{place}{field}: {super().message(language)}"


class PolicyError(InputError):
    """A file of `policies/` or `rulesets/` is wrong."""


class InternalError(SecauditError):
    """Two independent parts of the program disagree, so neither may be believed."""

    exit_status = 4
