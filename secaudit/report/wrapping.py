"""Text in boxes of a given width, where no browser breaks the lines: the drawing."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
_NARROW = 0.56
"""Width of a Latin letter in a Japanese sans-serif, in em; measured generously, so that nothing sticks out."""


def visible(text: str) -> str:
    """The text with control and direction characters replaced by what they are: they could make a line look like another.

    >>> visible("a\\x1b[0m\\u202eb")
    'a⟨U+001B⟩[0m⟨U+202E⟩b'
    """
    if text.isprintable():  # none of its characters is of those kinds
        return text
    return "".join(character if _harmless(character) else f"⟨U+{ord(character):04X}⟩" for character in text)


def _harmless(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def width_em(text: str) -> float:
    """How wide a text is, in em."""
    return sum(1.0 if unicodedata.east_asian_width(character) in "WFA" else _NARROW for character in text)


def wrap(text: str, width: float, lines: int) -> tuple[str, ...]:
    """At most `lines` lines of at most `width` em, breaking at spaces where a line has one; what is left over becomes an ellipsis."""
    rest = " ".join(visible(text[: int(lines * width * 4) + 1]).split())
    result: list[str] = []
    while rest and len(result) < lines:
        line = _head(rest, width)
        if len(line) < len(rest):
            space = line.rfind(" ")
            if space > len(line) // 2 and rest[len(line)] != " ":
                line = line[:space]
        result.append(line.strip())
        rest = rest[len(line) :].lstrip()
    if rest:
        result[-1] = _head(result[-1], width - 1) + ELLIPSIS
    return tuple(result)


def _head(text: str, width: float) -> str:
    """As much of the text as fits, at least one character."""
    used = 0.0
    for index, character in enumerate(text):
        used += width_em(character)
        if used > width:
            return text[: max(index, 1)]
    return text
