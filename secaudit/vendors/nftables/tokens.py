"""The words of nft syntax, each with its line, and the groups that brackets make of them (`man nft`, LEXICAL CONVENTIONS)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

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
    LINE = "line"
    """A whole line without brackets and semicolons, not taken apart yet: within a chain it is one rule (see `Written`)."""


class Token(NamedTuple):
    """One word; `text` is without the quotes of a string (a named tuple, for a ruleset has millions of them).

    `shape` is what the syntax of a rule can see of it: the text, but only *that* it is a number or an address (see `Plans`).
    """

    kind: Kind
    text: str
    shape: str
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

    @property
    def shape(self) -> str:
        """What the syntax of a rule sees of it: that it is there."""
        return self.opener.text

    @property
    def line(self) -> SourceLine | None:
        """The line, if it is on one."""
        return self.lines[0] if len(self.lines) == 1 else None


Item = Token | Group

_OPENERS = {"{": "}", "(": ")", "[": "]"}
_CLOSERS = frozenset(_OPENERS.values())
_BRACKETS = frozenset((*_OPENERS, *_CLOSERS))
_STRUCTURE = re.compile(r"[{}()\[\];#\\$]")
"""What may end a statement within a line, make a group of its words, or go on in another line."""

_FORMS = {
    "comment": r"\#.*",
    "string": r'"[^"]*"',
    "mac": r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])",
    "ipv6": r"(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{0,4})(?![0-9A-Za-z_:])",
    "number": r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9][0-9A-Za-z_]*",
    "word": r"[@$]?[A-Za-z_][A-Za-z0-9_./\-]*\*?",
    "sign": r"==|!=|<=|>=|<<|>>|[^ \t\u3000]",
}
"""What there is between blanks; the first form that fits counts."""
_LEXEME = re.compile(r"[ \t\u3000]*+(" + "|".join(_FORMS.values()) + ")")
_FORM = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _FORMS.items()))
_SHORT = re.compile(
    r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9][0-9A-Za-z_]*|[A-Za-z_][A-Za-z0-9_./\-]*\*?|.",
)
"""What stands where the form of an IPv6 address fits and there is none."""
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9]+")
"""Nearly everything that a file writes only once."""
_ALONE = ("number", "word")
"""Forms of which nothing but one lexeme can be made."""
_JOINED = re.compile(r"\t+| {4,}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as tokens, `written` by the lines of which it is made. `unknown_matches` are lines on which `nft list` could only print an iptables match or target as a comment
    (`# xt_conntrack`): the rule asks or does more than it shows. `variables`: there are some (`$name`).
    """

    tokens: tuple[Token, ...]
    written: Written
    unknown_matches: frozenset[int]
    variables: bool


def joined_lines(lines: Sequence[SourceLine]) -> frozenset[int]:
    """The lines to which the reading of the text joined the next one, because a terminal seemed to have cut them."""
    return frozenset(line.number for line, later in pairwise(lines) if later.number > line.number + 1)


def tokens_of(lines: Sequence[SourceLine], joined: frozenset[int]) -> Tokens:
    """All tokens; comments are gone, a backslash at the end of a line continues it."""
    found: list[Token] = []
    unknown: set[int] = set()
    known = Written()
    for line in lines:
        if _STRUCTURE.search(line.text) is None and line.number not in joined and line.text and not line.text.isspace():
            found.append(_make(Token, (Kind.LINE, line.text, _LINE, line)))
            continue
        for part in _parts(line.text) if line.number in joined else (line.text,):
            continued = part.endswith("\\")
            text = part[:-1] if continued else part
            if "#" in text and _HIDDEN.match(list(_lexemes(text))[-1]):
                unknown.add(line.number)
            found += known.tokens(text, line)
            if not continued:
                found.append(_make(Token, (*_END, line)))
    return Tokens(tuple(found), known, frozenset(unknown), known.variables)


def _parts(text: str) -> list[str]:
    """A joined line: an indentation in its middle shows that it was two."""
    body = text.lstrip()
    return [part for part in _JOINED.split(body) if part] or [text]


_END = (Kind.END, "\n", "\n")
_LINE = "\n\n"
"""The shape of a line; no lexeme is that."""
_HIDDEN = re.compile(r"#\s*xt_\w")
_make = tuple.__new__
"""Makes a named tuple of a tuple, without the detour by its own constructor."""


_NOWHERE = SourceLine("", 0, "")

_Word = tuple[Kind, str, str]
"""A token without its line."""


class Written(dict[str, tuple[_Word, ...]]):
    """What is written between two blanks, looked at once a file. `variables`: one was there (`$name`)."""

    def __init__(self) -> None:
        super().__init__()
        self.variables = False
        self._words: dict[str, _Word] = {}
        self._bare = _Bare(self)

    def words(self, text: str) -> tuple[Token, ...]:
        """The tokens of a `Kind.LINE`, without its end; the same word is the same token in all lines, and names none."""
        bare = self._bare
        try:
            return tuple([token for part in text.strip(" \t").split(" ") for token in bare[part]])
        except _NotAloneError:
            return tuple(self.tokens(text, _NOWHERE))

    def rule(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """A rule with its words, that may be a line which is not taken apart yet."""
        first = items[0]
        return self.words(first.text) if isinstance(first, Token) and first.kind is Kind.LINE else items

    def expanded(self, token: Token) -> list[Token]:
        """The tokens of a `Kind.LINE`, as other lines have them."""
        return [*self.tokens(token.text, token.line), _make(Token, (*_END, token.line))]

    def tokens(self, text: str, line: SourceLine) -> list[Token]:
        """The tokens of a line."""
        try:
            return [_make(Token, (*word, line)) for part in text.strip(" \t").split(" ") for word in self[part]]
        except _NotAloneError:
            lexemes = [one for one in _lexemes(text) if one[0] != "#"]
            return [_make(Token, (*self._word(one), line)) for one in lexemes]

    def __missing__(self, part: str) -> tuple[_Word, ...]:
        form = _form(part)
        if form in _ALONE:
            alone = self[part] = (self._made(part, form),)
            return alone
        lexemes = list(_lexemes(part))
        if any(one == '"' or one[0] == "#" for one in lexemes):
            raise _NotAloneError(part)
        found = self[part] = tuple([self._word(one) for one in lexemes])
        return found

    def _word(self, lexeme: str) -> _Word:
        found = self._words.get(lexeme)
        if found is None:
            found = self._words[lexeme] = self._made(lexeme, _form(lexeme))
        return found

    def _made(self, lexeme: str, form: str) -> _Word:
        match form:
            case "number":
                return Kind.WORD, lexeme, "0" if lexeme.isdecimal() else "0x"
            case "word":
                self.variables = self.variables or lexeme[0] == "$"
                return Kind.WORD, lexeme, lexeme
            case "string":
                return Kind.STRING, lexeme[1:-1], lexeme
            case "mac" | "ipv6":
                return Kind.ADDRESS, lexeme, "::"
            case _:
                return Kind.SIGN, lexeme, lexeme


class _Bare(dict[str, tuple[Token, ...]]):
    """The tokens of what is written between two blanks, without a line."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self._written = written

    def __missing__(self, part: str) -> tuple[Token, ...]:
        if _NUMBER.fullmatch(part) is not None:
            number: Token = _make(Token, (Kind.WORD, part, "0" if part.isdecimal() else "0x", _NOWHERE))
            self[part] = alone = (number,)
            return alone
        found = self[part] = tuple([_make(Token, (*word, _NOWHERE)) for word in self._written[part]])
        return found


class _NotAloneError(Exception):
    """A quote or a comment begins here: what is behind the next blank may belong to it."""


def _form(lexeme: str) -> str:
    match = _FORM.fullmatch(lexeme)
    return "sign" if match is None or match.lastgroup is None else match.lastgroup


def _lexemes(text: str) -> Iterator[str]:
    """The lexemes of a line, or of what stands alone between two blanks of it; at the end of a line one may be a comment."""
    position = 0
    while (match := _LEXEME.match(text, position)) is not None:
        lexeme = match[1]
        position = match.end()
        if ":" in lexeme and _form(lexeme) == "ipv6" and not _is_ipv6(lexeme):
            short = _SHORT.match(text, match.start(1))
            assert short is not None
            lexeme, position = short[0], short.end()
        yield lexeme


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


def group(tokens: Iterable[Token], written: Written) -> Grouped:
    """Puts what brackets enclose into groups, without recursion. Whole lines stay only where they are rules: in the block of a chain."""
    stack: list[tuple[Token, list[Item]]] = []
    items: list[Item] = []
    stray: list[SourceLine] = []
    too_deep: list[SourceLine] = []
    rules = False
    for token in tokens:
        if token.shape not in _BRACKETS:
            if rules or token.shape is not _LINE:
                items.append(token)
            else:
                items += written.expanded(token)
        elif token.text in _OPENERS:
            if len(stack) >= DEEPEST:
                too_deep.append(token.line)
                continue
            rules = _holds_rules(token, items)
            stack.append((token, items))
            items = []
        elif token.text in _CLOSERS:
            if not stack or _OPENERS[stack[-1][0].text] != token.text:
                stray.append(token.line)
                continue
            opener, outer = stack.pop()
            outer.append(Group(opener, tuple(items), True, lines_of((opener, *items, token))))
            items = outer
            rules = bool(stack) and _holds_rules(*stack[-1])
    unclosed = tuple(opener.line for opener, _ in stack)
    while stack:
        opener, outer = stack.pop()
        outer.append(Group(opener, tuple(items), False, lines_of((opener, *items))))
        items = outer
    return Grouped(tuple(items), unclosed, tuple(stray), tuple(too_deep))


def lines_of(items: Iterable[Item], most: int = SHOWN_LINES) -> tuple[SourceLine, ...]:
    """The first lines that some items stand on, in the order of the file."""
    found: dict[SourceLine, None] = {}
    last = _NOWHERE
    for item in items:
        if item.line is last:
            continue
        if isinstance(item, Group):
            found.update(dict.fromkeys(item.lines))
        elif item.kind is not Kind.END:
            found[item.line] = None
            last = item.line
        if len(found) > most:
            break
    if len(found) == 1:
        return tuple(found)
    return tuple(sorted(tuple(found)[:most], key=lambda line: (line.file, line.number)))


def _holds_rules(opener: Token, before: Sequence[Item]) -> bool:
    """Whether a bracket opens the block of a chain (`chain NAME {`)."""
    return opener.text == "{" and len(before) > 1 and before[-2].shape == "chain"


_ENDS = frozenset(("\n", ";"))


def statements(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """Splits a block at the ends of its lines and at semicolons."""
    current: list[Item] = []
    for item in items:
        if item.shape not in _ENDS:
            current.append(item)
        elif current:
            yield tuple(current)
            current = []
    if current:
        yield tuple(current)


def rules_in(items: Iterable[Item], written: Written) -> Iterator[tuple[Item, ...]]:
    """The statements of a chain's block; one may be a line that is not taken apart yet."""
    current: list[Item] = []
    for item in items:
        if item.shape is _LINE and isinstance(item, Token):
            if current:  # the rest of a line that is continued
                current += written.expanded(item)[:-1]
                yield tuple(current)
                current = []
            else:
                yield (item,)
        elif item.shape not in _ENDS:
            current.append(item)
        elif current:
            yield tuple(current)
            current = []
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
