"""The files of a ruleset folder. The folder may come from anybody: nothing outside of it is read, and no link is followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from secaudit.errors import PolicyError
from secaudit.text.bilingual import Text

HEAD_FILE = "ruleset.yaml"
THRESHOLDS_FILE, CONTROLS_FILE = "thresholds.yaml", "controls.yaml"
FIXTURES_FOLDER = "fixtures"
MAXIMUM_FILES = 5000
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})
_PLAIN_FILES = Text(
    ja="リンクではなく、ファイルそのものを置くこと。", en="put the files themselves here instead of links"
)


def rule_files(root: Path, shown: str) -> Iterator[str]:
    """The YAML files of the rules by their names below `root`, sorted; a folder with a `ruleset.yaml` is another ruleset. Raises `PolicyError` for links, unsafe names and too many files."""
    special = {HEAD_FILE, THRESHOLDS_FILE, CONTROLS_FILE}
    for count, name in enumerate(_walk(root, "", shown)):
        if count >= MAXIMUM_FILES:
            raise PolicyError(
                Text(ja=f"ファイルが{MAXIMUM_FILES}を超えている", en=f"there are more than {MAXIMUM_FILES} files"),
                file=shown,
            )
        if name.lower().endswith((".yml", ".yaml.txt", ".yml.txt")):
            raise PolicyError(
                Text(ja="このファイルは読まれない", en="this file would not be read"),
                file=f"{shown}/{name}",
                hint=Text(ja="拡張子を .yaml とすること。", en="let its name end in .yaml"),
            )
        if name.endswith(".yaml") and name not in special:
            yield name


def refuse_links(path: Path, shown: str) -> None:
    """Raises `PolicyError` when a file or folder is a link."""
    if path.is_symlink():
        raise PolicyError(Text(ja="リンクは読まない", en="links are not followed"), file=shown, hint=_PLAIN_FILES)


def _walk(root: Path, below: str, shown: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(root / below), key=lambda entry: entry.name)
    except OSError as error:
        raise PolicyError(
            Text(ja="フォルダを読めない", en="the folder cannot be read"), file=f"{shown}/{below}".rstrip("/")
        ) from error
    for entry in entries:
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.name.startswith(".") or entry.name.lower() in _SYSTEM_FILES or name == FIXTURES_FOLDER:
            continue
        if not entry.name.replace("\u3000", " ").isprintable():
            raise PolicyError(
                Text(ja="ファイル名に使えない文字がある", en="a file name contains characters that are refused"),
                file=shown,
            )
        refuse_links(root / name, f"{shown}/{name}")
        if entry.is_dir(follow_symlinks=False) and not os.path.lexists(root / name / HEAD_FILE):
            yield from _walk(root, name, shown)
        elif entry.is_file(follow_symlinks=False):
            yield name
