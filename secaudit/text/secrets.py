"""Masks secrets, before anything is logged, stored or shown.

Which places of a configuration hold secrets is data (`secret_patterns.json`, with the lists of `vendors.md`). What tells the
*kind* of storage stays in the line (`password 7 ********`, `ENC ********`), for a rule has to know it; so do the
community names that every manual prints, `public` and `private`, which are evidence. When in doubt more is masked, not
less: a line that loses a word is reported as unread, a leaked key cannot be taken back.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MASK = "********"

_PATTERN_FILE = Path(__file__).with_name("secret_patterns.json")
_KEPT_TRAILERS = 4
_MAXIMUM_PASSES = 6
_TRAILER_WINDOW = 100

_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{1,64}-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{1,64}-----")
_PEM_HEADER = re.compile(r"^(?:Proc-Type|DEK-Info|Comment|Version|Subject|Issuer)\b", re.IGNORECASE)
_HEREDOC = re.compile(r"^\s*embedded\s+file\s+\S.*?<<\s*[\"']?(?P<end>\w+)", re.IGNORECASE)
_SNMP_COMMUNITY_BLOCK = re.compile(r"^\s*config\s+(?:system\s+snmp\s+)?community\s*$", re.IGNORECASE)
_TO_QUOTE = re.compile(r'(?:[^"\\]|\\.)*+')
_SET_NAME = re.compile(r"^\s*set\s+name\s+(?=\S)", re.IGNORECASE)
_SET_LINE = re.compile(r"^\s*set\s", re.IGNORECASE)
_XML_OPEN_AT_END = re.compile(
    r"<(?P<tag>phash|key|private-key|secret|password|passphrase|passwd|psk|pre-shared-key|shared-secret)>[^<]*$",
    re.IGNORECASE,
)
_PROVIDER = re.compile(r"<ddns-vendor-config>|ddns-vendor-config\s{0,9}\{", re.IGNORECASE)
"""PAN-OS, what a DDNS provider wants to know: which entry is the password is its own matter, so every value counts as one."""
_PROVIDER_END = re.compile("</ddns-vendor-config", re.IGNORECASE)
_PROVIDER_XML = re.compile(r"(<value>)[^<]++", re.IGNORECASE)
_PROVIDER_CURLY = re.compile(r'((?:^|(?<=[\s{;]))value\s++)(?:"(?:[^"\\]|\\.)*+"?+|[^;"\s][^;]*+)', re.IGNORECASE)
_AFTER_A_VALUE = frozenset({"", " ", "\t", ";", ",", ")", "}", "]", "<", "-"})
_STRUCTURE_WORDS = frozenset({"end", "next", "exit", "quit", "return", "!", "#"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """One place where secrets stand: the match of `pattern` ends where the secret begins."""

    id: str
    pattern: re.Pattern[str]
    requires: tuple[str, ...]
    extent: str


@dataclass(frozen=True, slots=True)
class _Patterns:
    hint: re.Pattern[str]
    word: re.Pattern[str]
    token: re.Pattern[str]
    free_text: re.Pattern[str]
    never_secret: re.Pattern[str]
    trailer: re.Pattern[str]
    already_masked: frozenset[str]
    visible_communities: frozenset[str]
    rules: tuple[_Rule, ...]


@cache
def _patterns() -> _Patterns:
    """The compiled patterns; read on first use, for most lines never need them."""
    data = json.loads(_PATTERN_FILE.read_text(encoding="utf-8"))

    def compiled(source: str) -> re.Pattern[str]:
        for name, text in data["macros"].items():
            source = source.replace("{" + name + "}", text)
        return re.compile(source, re.IGNORECASE)

    return _Patterns(
        hint=_any_of(data["hints"]),
        word=compiled("{WORD}"),
        token=re.compile(r"[^\s\"';<]+"),
        free_text=compiled(data["free_text"]),
        never_secret=compiled(data["never_secret"]),
        trailer=compiled(data["trailers"]),
        already_masked=frozenset(data["already_masked"]),
        visible_communities=frozenset(data["visible_communities"]),
        rules=tuple(
            _Rule(
                id=rule["id"],
                pattern=compiled(rule["pattern"]),
                requires=tuple(rule.get("requires", ())),
                extent=rule["extent"],
            )
            for rule in data["rules"]
        ),
    )


def _any_of(words: list[str]) -> re.Pattern[str]:
    """A pattern that finds any of some words. Those with one beginning stand together: at most places of a line no branch has to be tried."""
    by_start: dict[str, list[str]] = {}
    for word in words:
        by_start.setdefault(word[0], []).append(re.escape(word[1:]))
    return re.compile("|".join(f"{re.escape(start)}(?:{'|'.join(rest)})" for start, rest in by_start.items()))


def mask_line(text: str) -> str:
    """The line with every secret in it replaced by `MASK`. Knows nothing of the lines around it.

    Masking twice changes nothing.

    >>> mask_line("username admin password 7 0822455D0A16")
    'username admin password 7 ********'
    """
    return _Masker().mask(text)


@dataclass(frozen=True, slots=True)
class MaskedLines:
    """Lines after masking, and how many of them held a secret."""

    lines: tuple[str, ...]
    secrets: int


def mask_lines(lines: list[str]) -> MaskedLines:
    """Masks a whole file: single lines, PEM blocks, embedded files, quoted values over several lines."""
    masker = _Masker()
    hint = _patterns().hint.search
    result = list(lines)
    count = 0
    for index, line in enumerate(lines):
        if masker.inside or hint(line.lower()) is not None:
            masked = masker.mask(line)
            if masked is not line and masked != line:
                count += 1
                result[index] = masked
    return MaskedLines(tuple(result), count)


class _Masker:
    """Masks line after line and remembers what an earlier line began. A line without a hint outside of everything may be left out."""

    def __init__(self) -> None:
        self._heredoc_end: str | None = None
        self._in_pem = False
        self._in_quote = False
        self._xml_tag: str | None = None
        self._community_depth = 0
        self._provider: int | None = None
        """How many braces are open inside the settings of a DDNS provider; 0 in XML; None outside."""
        self.inside = False

    def mask(self, line: str) -> str:
        masked = self._mask_in_context(line)
        self.inside = bool(
            self._heredoc_end or self._in_pem or self._in_quote or self._xml_tag or self._community_depth
            or self._provider is not None
        )  # fmt: skip
        return masked

    def _mask_in_context(self, line: str) -> str:
        if self._heredoc_end is not None:
            return self._heredoc_line(line)
        if self._in_pem:
            ended = _PEM_END.search(line)
            if ended is not None:
                self._in_pem = False
                return self._after_block(line, ended)
            if _looks_like_pem(line):
                return MASK if line.strip() else line
            # A block that never ends must not swallow the configuration behind it.
            self._in_pem = self._in_quote = False
        if self._in_quote:
            self._in_quote = '"' not in line
            return MASK if line.strip() else line
        if self._xml_tag is not None:
            return self._xml_line(line)
        return self._ordinary(line)

    def _heredoc_line(self, line: str) -> str:
        if line.strip() == self._heredoc_end:
            self._heredoc_end = None
            return line
        return MASK if line.strip() else line

    def _after_block(self, line: str, ended: re.Match[str]) -> str:
        """The last line of a PEM block: what stands before its end is part of the key."""
        before = MASK if line[: ended.start()].strip() else ""
        rest = line[ended.end() :]
        if rest.lstrip().startswith('"'):
            self._in_quote = False
        if "-----BEGIN " in rest:
            return before + ended[0] + MASK
        return before + ended[0] + (_mask(rest)[0] if len(rest.strip()) > 1 else rest)

    def _xml_line(self, line: str) -> str:
        start = line.find("<")
        if start < 0:
            return MASK if line.strip() else line
        self._xml_tag = None
        head = MASK if line[:start].strip() else line[:start]
        return head + self._ordinary(line[start:])

    def _ordinary(self, line: str) -> str:
        if self._provider is not None or _PROVIDER.search(line) is not None:
            line = self._provider_values(line)
        if "-----BEGIN " in line:
            began = _PEM_BEGIN.search(line)
            if began is not None:
                return self._pem_begin(line, began)
        if "<<" in line:
            heredoc = _HEREDOC.match(line)
            if heredoc is not None:
                self._heredoc_end = heredoc["end"]
                return line
        if self._community_depth:
            named = self._community_block(line)
            if named is not None:
                return named
        elif _SNMP_COMMUNITY_BLOCK.match(line):
            self._community_depth = 1
            return line
        masked, open_quote = _mask(line)
        self._in_quote = open_quote and _SET_LINE.match(line) is not None
        if "<" in line:
            opened = _XML_OPEN_AT_END.search(line)
            if opened is not None:
                self._xml_tag = opened["tag"]
        return masked

    def _provider_values(self, line: str) -> str:
        """The line with the values masked that stand between the beginning and the end of the settings of a DDNS provider."""
        done: list[str] = []
        place = 0
        while place < len(line):
            if self._provider is None:
                began = _PROVIDER.search(line, place)
                if began is None:
                    break
                done.append(line[place : began.end()])
                place = began.end()
                self._provider = 1 if began[0].endswith("{") else 0
            elif self._provider == 0:
                ended = _PROVIDER_END.search(line, place)
                end = len(line) if ended is None else ended.start()
                done.append(_PROVIDER_XML.sub(rf"\1{MASK}", line[place:end]))
                place = end
                self._provider = 0 if ended is None else None
            else:
                rest = _PROVIDER_CURLY.sub(rf"\1{MASK}", line[place:])
                self._provider += rest.count("{") - rest.count("}")
                self._provider = self._provider if self._provider > 0 else None
                return "".join((*done, rest))
        return "".join((*done, line[place:]))

    def _community_block(self, line: str) -> str | None:
        """Inside FortiOS `config system snmp community` the name of an entry is the community (FO-16)."""
        first = line.split(None, 1)[0].lower() if line.strip() else ""
        if first == "config":
            self._community_depth += 1
        elif first == "end":
            self._community_depth -= 1
        elif self._community_depth == 1:
            named = _SET_NAME.match(line)
            if named is not None:
                end = _extent_end(line, named.end(), len(line), "line")
                return _replace(line, [(named.end(), end, True)])
        return None

    def _pem_begin(self, line: str, began: re.Match[str]) -> str:
        head = line[: began.start()]
        quote = '"' if head.endswith('"') else ""
        head = _mask(head.removesuffix('"'))[0] + quote + began[0]
        tail = line[began.end() :]
        ended = _PEM_END.search(tail)
        if ended is not None:
            return head + self._after_block(tail, ended)
        self._in_pem = True
        return head + (MASK if tail.strip() else "")


def _looks_like_pem(line: str) -> bool:
    stripped = line.strip()
    if not stripped or _PEM_HEADER.match(stripped):
        return True
    return stripped.lower() not in _STRUCTURE_WORDS and len(stripped.split(None, 1)) == 1


def _mask(text: str) -> tuple[str, bool]:
    """The masked line, and whether its last secret is a quoted value that is not closed on this line."""
    masked, open_quote = _mask_once(text)
    for _ in range(_MAXIMUM_PASSES):
        if masked == text:
            return masked, open_quote
        # A mask can make the words before it look like a secret as well; go on until nothing changes.
        text = masked
        masked, _ = _mask_once(text)
    return MASK, open_quote


def _mask_once(text: str) -> tuple[str, bool]:
    patterns = _patterns()
    lower = text.lower()
    if patterns.hint.search(lower) is None:
        return text, False
    free_text = patterns.free_text.match(text) is not None
    if not free_text and patterns.never_secret.match(text):
        return text, False
    spans = _Spans()
    for rule in patterns.rules:
        if all(required in lower for required in rule.requires):
            _find(text, rule, spans, free_text=free_text)
    if not spans.starts:
        return text, False
    found = list(zip(spans.starts, spans.ends, spans.communities, strict=True))
    return _replace(text, found), _is_open_quote(text, found[-1])


@dataclass(slots=True)
class _Spans:
    """Secrets found so far in one line, in order and without overlap."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    communities: list[bool] = field(default_factory=list)

    def add(self, index: int, start: int, end: int, *, community: bool) -> None:
        self.starts.insert(index, start)
        self.ends.insert(index, end)
        self.communities.insert(index, community)


def _find(text: str, rule: _Rule, spans: _Spans, *, free_text: bool) -> None:
    """Adds what one rule finds. An earlier, more special rule wins where two overlap; every step goes forward, so time is linear."""
    position = counted = quotes = 0
    while (match := rule.pattern.search(text, position)) is not None:
        start = match.end()
        index = bisect_right(spans.starts, start)
        if index and spans.ends[index - 1] > start:
            position = max(spans.ends[index - 1], start)
            continue
        quotes += text.count('"', counted, start)
        counted = start
        limit = spans.starts[index] if index < len(spans.starts) else len(text)
        end = _end_of_secret(text, start, limit, rule.extent, in_quotes=quotes % 2 == 1, free_text=free_text)
        if end is None:
            position = max(start, position + 1)
        elif end == limit and limit < len(text):
            position = spans.ends[index]
        else:
            spans.add(index, start, end, community=rule.extent == "community")
            position = max(end, position + 1)


def _end_of_secret(text: str, start: int, limit: int, extent: str, *, in_quotes: bool, free_text: bool) -> int | None:
    """Where the secret that begins at `start` ends, or None when a name that only looks like a keyword is meant."""
    if in_quotes and extent not in ("until_at", "until_tag", "until_quote", "token"):
        if not free_text:
            return None
        closing = text.find('"', start, limit)
        return limit if closing < 0 else closing
    return _extent_end(text, start, limit, extent)


def _extent_end(text: str, start: int, limit: int, extent: str) -> int:
    patterns = _patterns()
    if text.startswith(MASK, start) and text[start + len(MASK) : start + len(MASK) + 1] in _AFTER_A_VALUE:
        return start + len(MASK)
    if extent in ("until_at", "until_tag"):
        closing = text.find("@" if extent == "until_at" else "<", start, limit)
        return limit if closing < 0 else closing
    if extent == "until_quote":
        found = _TO_QUOTE.match(text, start, limit)
        return limit if found is None else found.end()
    if extent == "token":
        token = patterns.token.match(text, start, limit)
        return start if token is None else token.end()
    if extent == "line" and not text.startswith(('"', "'"), start):
        return _line_end(text, start, limit)
    word = patterns.word.match(text, start, limit)
    end = limit if word is None else word.end()
    if text.startswith('"', start):
        # Junos closes a statement with `;`, JSON a value with `,`: punctuation, not part of the value.
        while end > start + 2 and text[end - 1] in ";,)}]>":
            end -= 1
    return end


def _line_end(text: str, start: int, limit: int) -> int:
    """To the end of the line, but for trailing words that tell how the secret is stored or whom it is for."""
    if limit < len(text):
        return limit
    end = max(len(text.rstrip()), start + 1)
    for _ in range(_KEPT_TRAILERS):
        window = max(start, end - _TRAILER_WINDOW)
        kept = _patterns().trailer.search(text[window:end])
        if kept is None:
            break
        end = max(len(text[start : window + kept.start()].rstrip()), 1) + start
    return end


def _replace(text: str, spans: list[tuple[int, int, bool]]) -> str:
    patterns = _patterns()
    parts = []
    position = 0
    for start, end, is_community in spans:
        value = text[start:end].strip("\"'")
        keep = not value.strip("*") or value.lower() in patterns.already_masked
        if is_community and value.lower() in patterns.visible_communities:
            keep = True
        parts.append(text[position:start])
        parts.append(text[start:end] if keep else MASK)
        position = end
    parts.append(text[position:])
    return "".join(parts)


def _is_open_quote(text: str, span: tuple[int, int, bool]) -> bool:
    value = text[span[0] : span[1]]
    return value.startswith('"') and (len(value) == 1 or value.replace('\\"', "").count('"') % 2 == 1)
