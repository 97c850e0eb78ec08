"""What the documents tell people to type works, exits as they say, and prints what they show."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from secaudit.cli.main import COMMANDS
from tests.cli.program import Ran, environment, secaudit
from tests.docs.documents import ROOT, Block, Command, blocks, commands, documents

MOST_BLOCKS_NOT_RUN = 4


def _blocks(path: Path) -> list[Block]:
    return list(blocks(path.read_text(encoding="utf-8")))


def _commands(path: Path) -> list[Command]:
    return [command for block in _blocks(path) for command in commands(block)]


def _ours(command: Command) -> bool:
    return command.text.split()[0] == "secaudit"


WITH_COMMANDS = [path for path in documents() if any(_ours(one) and one.not_run is None for one in _commands(path))]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder as a reader of the documents has it: the samples (a copy, so that commands may write) and the cases."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    return tmp_path


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_do_what_the_document_says(path: Path, workplace: Path) -> None:
    for block in _blocks(path):
        if block.file is not None:
            (workplace / block.file).parent.mkdir(parents=True, exist_ok=True)
            (workplace / block.file).write_text("\n".join(block.lines) + "\n", encoding="utf-8")
        if block.appended_to is not None:
            with (workplace / block.appended_to).open("a", encoding="utf-8") as file:
                file.write("\n".join(block.lines) + "\n")
        for command in commands(block):
            if command.text.startswith("cp -r "):
                shutil.copytree(*(workplace / one for one in shlex.split(command.text)[2:]))
            if _ours(command) and command.not_run is None:
                _check(path, command, workplace)


def _check(path: Path, command: Command, workplace: Path) -> None:
    where = f"{path.relative_to(ROOT)}:{command.line}: {command.text}"
    done = _run(command.text, workplace)
    said = done.both
    assert done.status == command.status, f"{where}\nexit status {done.status}\n{said[-3000:]}"
    printed = {line.rstrip() for line in said.splitlines()}
    missing = [line for line in command.output if line not in printed]
    assert not missing, f"{where}\ndoes not print {missing}\n{said[-3000:]}"


def _run(text: str, workplace: Path) -> Ran:
    name, *arguments = shlex.split(text, comments=True)
    assert name == "secaudit"
    expanded: list[str] = []
    for argument in arguments:
        found = (
            sorted(one.relative_to(workplace).as_posix() for one in workplace.glob(argument)) if "*" in argument else []
        )
        assert found or "*" not in argument or " " in argument, f"{argument} matches no file"
        expanded += found or [argument]
    return secaudit(*expanded, cwd=workplace, env=environment(LANG="ja_JP.UTF-8"))


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        (path.relative_to(ROOT).as_posix(), one.text.split()[1])
        for path in documents()
        for one in _commands(path)
        if one.text.split()[0] == "make"
    }
    assert {("README.md", "demo"), ("README.md", "test"), ("README.ja.md", "demo"), ("README.ja.md", "test")} <= named
    assert {target for _, target in named} <= targets


def test_few_commands_are_not_run_and_each_says_why() -> None:
    for guides in ("docs/ja", "docs/en"):
        skipped = [
            block for path in (ROOT / guides).glob("*.md") for block in _blocks(path) if block.not_run is not None
        ]
        assert len(skipped) <= MOST_BLOCKS_NOT_RUN
        assert all(len(block.not_run or "") > 10 for block in skipped)
    elsewhere = [
        path for path in documents() if path.parent.parent != ROOT / "docs" for one in _blocks(path) if one.not_run
    ]
    assert elsewhere == []


def test_every_command_is_documented() -> None:
    for guides in ("docs/ja", "docs/en"):
        text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / guides).glob("*.md"))
        shown = {name for name in COMMANDS if re.search(rf"secaudit {name}\b", text)}
        assert set(COMMANDS) - shown <= {"schema"}, "schema is in files.md"
    assert "secaudit schema municipality" in (ROOT / "docs/files.md").read_text(encoding="utf-8")


SAMPLE = """\
Text.

<!-- file: list.csv -->
```text
code,name
```

```console
$ secaudit a "b c" --x   # exit status 3
out

…
$ make demo
```

<!-- not run: no network here -->

```bash
# a comment
secaudit probe run   # 終了コード 1
```
"""


def test_the_blocks_are_found() -> None:
    found = list(blocks(SAMPLE))
    assert [(one.language, one.file, one.not_run) for one in found] == [
        ("text", "list.csv", None),
        ("console", None, None),
        ("bash", None, "no network here"),
    ]
    assert list(commands(found[0])) == []
    first, second = commands(found[1])
    assert (first.text, first.line, first.status, first.output) == (
        'secaudit a "b c" --x   # exit status 3',
        9,
        3,
        ("out",),
    )
    assert (second.text, second.status, second.output) == ("make demo", 0, ())
    (third,) = commands(found[2])
    assert (third.status, third.line, third.not_run) == (1, 20, "no network here")
