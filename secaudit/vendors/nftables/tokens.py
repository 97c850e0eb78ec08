"""The words of nft syntax, each with its line, and the groups that brackets make of them (`man nft`, LEXICAL CONVENTIONS)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from secaudit.text.source import SourceLine

DEEPEST = 32
"""Brackets within brackets; a real ruleset has four."""
SHOWN_LINES = 20
"""Lines that one group contributes to the evidence of a rule: a set of 100,000 elements names its first ones."""


class Kind(Enum):
    """What a token is. `ADDRESS` is an IPv6 or a MAC address: the only words with colons."""

    WORD = "word"
    STRING = "string"
    ADDRESS = "address"
    SIGN = "sign"
    END = "end"
    """The end of a line that is not continued."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `text` is without the quotes of a string."""

    kind: Kind
    text: str
    line: SourceLine

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind is Kind.SIGN and self.text in signs

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these bare words."""
        return self.kind is Kind.WORD and self.text in words


@dataclass(frozen=True, slots=True)
class Group:
    """What stands between brackets. `lines` are the first lines of it, `closed` is false when the file ends before the bracket does."""

    opener: Token
    items: tuple[Item, ...]
    closed: bool
    lines: tuple[SourceLine, ...]


Item = Token | Group

_OPENERS = {"{": "}", "(": ")", "[": "]"}
_CLOSERS = frozenset(_OPENERS.values())

_TOKEN = re.compile(
    r"""
      [ \t\u3000]+
    | (?P<comment> \#.* )
    | "(?P<string> [^"]* )"
    | (?P<mac> (?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2} (?![0-9A-Fa-f:]) )
    | (?P<ipv6> (?:[0-9A-Fa-f]{0,4}:){2,7} (?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{0,4}) (?![0-9A-Za-z_:]) )
    | (?P<number> [0-9]{1,3}(?:\.[0-9]{1,3}){3} | [0-9][0-9A-Za-z_]* )
    | (?P<word> [@$]?[A-Za-z_][A-Za-z0-9_./\-]*\*? )
    | (?P<sign> == | != | <= | >= | << | >> | . )
    """,
    re.VERBOSE,
)
_SHORT = re.compile(
    r"[ \t\u3000]+|(?P<number>[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9][0-9A-Za-z_]*)|(?P<word>[A-Za-z_][A-Za-z0-9_./\-]*\*?)|(?P<sign>.)"
)
_JOINED = re.compile(r"\t+| {4,}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as tokens. `unknown_matches` are lines on which `nft list` could only print an iptables match or target as a comment
    (`# xt_conntrack`): the rule asks or does more than it shows.
    """

    tokens: tuple[Token, ...]
    unknown_matches: frozenset[int]


def joined_lines(lines: Sequence[SourceLine]) -> frozenset[int]:
    """The lines to which the reading of the text joined the next one, because a terminal seemed to have cut them."""
    return frozenset(line.number for line, later in pairwise(lines) if later.number > line.number + 1)


def tokens_of(lines: Sequence[SourceLine], joined: frozenset[int]) -> Tokens:
    """All tokens; comments are gone, a backslash at the end of a line continues it."""
    found: list[Token] = []
    unknown: set[int] = set()
    for line in lines:
        for part in _parts(line.text) if line.number in joined else (line.text,):
            continued = part.endswith("\\")
            for token in _of_line(part[:-1] if continued else part, line, unknown):
                found.append(token)
            if not continued:
                found.append(Token(Kind.END, "\n", line))
    return Tokens(tuple(found), frozenset(unknown))


def _parts(text: str) -> list[str]:
    """A joined line: an indentation in its middle shows that it was two."""
    body = text.lstrip()
    return [part for part in _JOINED.split(body) if part] or [text]


def _of_line(text: str, line: SourceLine, unknown: set[int]) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is not None and match.lastgroup == "ipv6" and not _is_ipv6(match["ipv6"]):
            match = _SHORT.match(text, position)
        if match is None:  # nothing but an odd control character gets here
            yield Token(Kind.SIGN, text[position], line)
            position += 1
            continue
        position = match.end()
        match match.lastgroup:
            case None:
                pass
            case "comment":
                if re.match(r"#\s*xt_\w", match["comment"]):
                    unknown.add(line.number)
            case "string":
                yield Token(Kind.STRING, match["string"], line)
            case "mac" | "ipv6":
                yield Token(Kind.ADDRESS, match[0], line)
            case "number" | "word":
                yield Token(Kind.WORD, match[0], line)
            case _:
                yield Token(Kind.SIGN, match[0], line)


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Grouped:
    """A whole text in groups. `stray` are the lines of closing brackets that close nothing, `too_deep` those beyond `DEEPEST`."""

    items: tuple[Item, ...]
    unclosed: tuple[SourceLine, ...]
    stray: tuple[SourceLine, ...]
    too_deep: tuple[SourceLine, ...]


def group(tokens: Iterable[Token]) -> Grouped:
    """Puts what brackets enclose into groups, without recursion."""
    stack: list[tuple[Token, list[Item]]] = []
    items: list[Item] = []
    stray: list[SourceLine] = []
    too_deep: list[SourceLine] = []
    for token in tokens:
        if token.kind is not Kind.SIGN:
            items.append(token)
        elif token.text in _OPENERS:
            if len(stack) >= DEEPEST:
                too_deep.append(token.line)
                continue
            stack.append((token, items))
            items = []
        elif token.text in _CLOSERS:
            if not stack or _OPENERS[stack[-1][0].text] != token.text:
                stray.append(token.line)
                continue
            opener, outer = stack.pop()
            outer.append(Group(opener, tuple(items), True, lines_of((opener, *items, token))))
            items = outer
        else:
            items.append(token)
    unclosed = tuple(opener.line for opener, _ in stack)
    while stack:
        opener, outer = stack.pop()
        outer.append(Group(opener, tuple(items), False, lines_of((opener, *items))))
        items = outer
    return Grouped(tuple(items), unclosed, tuple(stray), tuple(too_deep))


def lines_of(items: Iterable[Item], most: int = SHOWN_LINES) -> tuple[SourceLine, ...]:
    """The first lines that some items stand on, in the order of the file."""
    found: dict[SourceLine, None] = {}
    for item in items:
        if isinstance(item, Group):
            found.update(dict.fromkeys(item.lines))
        elif item.kind is not Kind.END:
            found[item.line] = None
        if len(found) > most:
            break
    return tuple(sorted(tuple(found)[:most], key=lambda line: (line.file, line.number)))


def statements(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """Splits a block at the ends of its lines and at semicolons."""
    current: list[Item] = []
    for item in items:
        if isinstance(item, Token) and (item.kind is Kind.END or item.is_sign(";")):
            if current:
                yield tuple(current)
                current = []
        else:
            current.append(item)
    if current:
        yield tuple(current)


def split(items: Iterable[Item], sign: str) -> list[tuple[Item, ...]]:
    """Splits at a sign; ends of lines are gone, empty parts stay."""
    parts: list[tuple[Item, ...]] = []
    current: list[Item] = []
    for item in items:
        if isinstance(item, Token) and item.kind is Kind.END:
            continue
        if isinstance(item, Token) and item.is_sign(sign):
            parts.append(tuple(current))
            current = []
        else:
            current.append(item)
    parts.append(tuple(current))
    return parts
