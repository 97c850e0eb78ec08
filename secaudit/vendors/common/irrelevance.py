"""Lines that are known not to matter: leading words by context, each with the reason, in a data file of the vendor."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

from secaudit.text.bilingual import Text


@dataclass(slots=True)
class _Branch:
    reason: Text | None = None
    words: dict[str, _Branch] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Irrelevance:
    """Leading words that mark a line as irrelevant, by context (`data/irrelevant.toml`)."""

    contexts: Mapping[str, _Branch]

    def reason(self, context: str, keys: Sequence[str]) -> tuple[int, Text] | None:
        """The reason and how many words told it, or None when nothing is known about the line.

        `no` in front changes nothing: what cannot matter cannot matter when it is off either.
        """
        skipped = 1 if keys and keys[0] == "no" and len(keys) > 1 else 0
        best: tuple[int, Text] | None = None
        branches = [self.contexts[context]]
        for depth, key in enumerate(keys[skipped:], 1):
            branches = [branch.words[word] for branch in branches for word in (key, "*") if word in branch.words]
            if not branches:
                break
            for branch in branches:
                if branch.reason is not None:
                    best = (depth, branch.reason)
        return best

    def goes_on(self, context: str, key: str) -> bool:
        """Whether some irrelevant lines begin with this word."""
        words = self.contexts[context].words
        return key in words or "*" in words


def load_irrelevance(package: str, contexts: Iterable[str]) -> Irrelevance:
    """Reads `data/irrelevant.toml` of a package: entries with `ja`, `en` and, by context, patterns of leading words (`*` is any one word)."""
    data = tomllib.loads(resources.files(package).joinpath("data/irrelevant.toml").read_text("utf-8"))
    roots = {name: _Branch() for name in contexts}
    for entry in data["reason"]:
        reason = Text(ja=entry["ja"], en=entry["en"])
        for context, root in roots.items():
            for pattern in entry.get(context, ()):
                branch = root
                for word in pattern.lower().split():
                    branch = branch.words.setdefault(word, _Branch())
                branch.reason = reason
    return Irrelevance(roots)
