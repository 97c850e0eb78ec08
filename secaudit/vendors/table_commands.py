"""Whether a captured table is the whole one: what was typed in front of it, and what stands behind it.

A command may have asked for less than the whole table (`static`, a prefix, `| include 10.`), a pager may have been left with `q`, and the text may
be no capture at all but a banner. Most vendors print no number of routes, so that the table itself does not show any of this.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence

from secaudit.network.captured import Flaw
from secaudit.text.bilingual import Text
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.table_lines import TableDraft

_NO_COMMAND = Text(
    ja="経路表を表示したコマンドが表の直前にないため、絞り込んだ一部の表でないことを確認できない。コマンドを入力したプロンプトの行から保存すること。",
    en="the command that printed the table does not stand in front of it, so that it may be a part only: save it from the prompt with the command on",
)
_IN_TEXT = Text(
    ja="経路表のように見える行が、設定の中の文章(バナー等)にある。",
    en="what looks like a table stands inside a text of the configuration (a banner)",
)
_BARE_PROMPT = re.compile(
    r"[>#]\s*((?:show|exit|quit|logout|enable|disable|administrator|terminal|console)\b.*)?\Z", re.IGNORECASE
)
"""The prompt of a device without a name."""
_ECHO = re.compile(r"(?:show|sh|get|run\s+show)\s(?:.*\s)?ro(?:u\S*)?(?:\s.*)?\Z", re.IGNORECASE)
"""A command without a prompt in front of it, as scripts that collect write it."""
_EVERY_TABLE = frozenset(("all", "*"))
_BANNER = re.compile(
    r"\s*(?:banner\s+(?:motd|login|exec|incoming|slip-ppp|prompt-timeout)|aaa\s+authentication\s+(?:banner|fail-message)"
    r"|menu\s+\S{1,32}\s+(?:title|prompt|item-prompt))\s+(\^C|\S)(.*)",
    re.IGNORECASE,
)
_MACRO = re.compile(r"\s*macro\s+name\s", re.IGNORECASE)
_QUOTED = re.compile(r"\s*set\s", re.IGNORECASE)
_HEREDOC = re.compile(r"\s*embedded\s+file\s+\S.*?<<\s*[\"']?(\w+)", re.IGNORECASE)


class Typed:
    """The prompts of a text, for whoever reads tables in it from the top to the end.

    `nameless`: devices of the vendor have no name by default, so that `#` and `>` alone are prompts; elsewhere a comment begins with them.
    """

    __slots__ = ("_floor", "_last", "_lines", "_nameless", "_pagers", "_typed")

    def __init__(self, text: ConfigText, *, nameless: bool = False) -> None:
        self._lines = text.lines
        self._typed = {one.number: one for one in text.commands}
        self._pagers = frozenset(text.pagers)
        self._nameless = nameless
        self._floor = 0
        self._last: SourceLine | None = None

    def prompt(self, line: SourceLine) -> SourceLine | None:
        """What was typed at the prompt that a line is ("" for nothing); None for a line that is no prompt."""
        typed = self._typed.get(line.number)
        if typed is None and self._nameless and line.text.lstrip()[:1] in ("#", ">"):
            bare = _BARE_PROMPT.match(line.text.strip())
            typed = None if bare is None else SourceLine(line.file, line.number, bare[1] or "")
        return typed

    def in_front(self, index: int, used: Container[int]) -> SourceLine | None:
        """The command whose output the line at `index` begins; None when no line in front of it tells.

        Nothing may stand between but lines of tables (`used`): several tables can be the output of one command. To be asked with rising
        indices.
        """
        at, found = index - 1, None
        while at >= self._floor:
            line = self._lines[at]
            prompt = self.prompt(line)
            if prompt is not None:
                found = prompt if prompt.text else None
                break
            stripped = line.text.strip()
            if stripped and line.number not in used:
                found = SourceLine(line.file, line.number, stripped) if _ECHO.match(stripped) else None
                break
            at -= 1
        else:
            found = self._last
        self._floor, self._last = index, found
        return found

    def ended(self, index: int) -> bool:
        """Whether a prompt follows the last line of a table, which is in front of `index`; a pager that still waited for a key says no."""
        for at in range(index, len(self._lines)):
            line = self._lines[at]
            if line.number in self._pagers:
                return False
            if self.prompt(line) is not None:
                return True
            if line.text.strip():
                return False
        return False


def command_flaws(
    command: SourceLine | None,
    whole: re.Pattern[str],
    table: TableDraft,
    *,
    bare_is_all: bool,
    both_families: bool = False,
) -> Iterator[Flaw]:
    """What the command in front of a table leaves in doubt.

    The group `vrf` of `whole` is the VRF that was asked for. `bare_is_all`: without one the device prints the tables of all. `both_families`:
    one command prints both.
    """
    vrf = table.vrf
    if command is None:
        yield Flaw(_NO_COMMAND, tuple(table.heading[:1]))
        return
    found = whole.fullmatch(command.text.strip())
    if found is None:
        text = Text(
            ja=f"「{command.text}」は経路表の全体を表示するコマンドではない。絞り込みのないコマンドで取得すること。",
            en=f'"{command.text}" does not print the whole table: capture it with the command alone, without a filter',
        )
        yield Flaw(text, (command,))
        return
    asked = (found["vrf"] or "").strip('"').lower()
    same_vrf = (
        asked in (_EVERY_TABLE | {vrf.lower()}) or (bare_is_all and not asked) or (asked == "default" and not vrf)
    )
    six = "6" in command.text.lower().split("vrf")[0]
    if same_vrf and (both_families or six == (table.family == 6)):
        return
    text = Text(
        ja=f"「{command.text}」の後にある経路表(VRF「{vrf}」、IPv{table.family})は、そのコマンドで表示されるものではない。",
        en=f'"{command.text}" asks for another table than that which stands behind it (VRF "{vrf}", IPv{table.family})',
    )
    yield Flaw(text, (command, *table.heading[:1]))


def prints_every_table(command: SourceLine | None, whole: re.Pattern[str], *, bare_is_all: bool) -> bool:
    """Whether the table of another VRF may follow as output of the same command."""
    found = None if command is None else whole.fullmatch(command.text.strip())
    return found is not None and (found["vrf"] or ("all" if bare_is_all else "")).lower() in _EVERY_TABLE


def inside_texts(lines: Iterable[SourceLine], *, any_delimiter: bool = False) -> frozenset[int]:
    """The numbers of the lines that are the text of a banner, of a quoted value over several lines, or of an embedded file.

    A text that never ends goes to the end of the file: what stands there is doubted rather than believed. `any_delimiter`: letters and digits
    can delimit a banner as well (other vendors write it in one line, without delimiters).
    """
    found: list[int] = []
    end: str | None = None
    for line in lines:
        if end is not None:
            found.append(line.number)
            if end in line.text:
                end = None
            continue
        end = _opened(line.text, any_delimiter=any_delimiter)
    return frozenset(found)


def _opened(text: str, *, any_delimiter: bool) -> str | None:
    """What ends the text that begins on a line and goes on in the next one."""
    banner = _BANNER.match(text) if text.lstrip()[:1].lower() in ("b", "a", "m") else None
    if banner is not None and (any_delimiter or not banner[1].isalnum()):
        return None if banner[1] in banner[2] else banner[1]
    if '"' in text and _QUOTED.match(text) and text.replace('\\"', "").count('"') % 2:
        return '"'
    if "<login-banner>" in text:
        return None if "</login-banner>" in text else "</login-banner>"
    if text.lstrip()[:1] in ("m", "M") and _MACRO.match(text):
        return "@"
    heredoc = _HEREDOC.match(text) if "<<" in text else None
    return None if heredoc is None else heredoc[1]


def text_flaw(heading: Sequence[SourceLine]) -> Flaw:
    """That a table stands inside a text of the configuration."""
    return Flaw(_IN_TEXT, tuple(heading[:1]))
