"""The files of an audit folder: found in a fixed order, never outside of it, each with its digest.

Names of files are input as well: one that cannot be shown safely on a screen or in a report is refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from secaudit.errors import InputError
from secaudit.municipality.model import InputFile
from secaudit.text.bilingual import Text

MAXIMUM_FILES = 20_000
MAXIMUM_DIGESTED_BYTES = 1 << 30
_CHUNK = 1 << 20
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", ".ds_store", ".gitkeep", ".gitignore"})
_SYSTEM_PREFIXES = ("._", ".~lock.", "~$")
"""What systems and office programs leave behind. Any other hidden file is evidence like the rest."""
_RENAME = Text(
    ja="制御文字や読めない文字を含まない名前に変えてください。",
    en="Give it a name without control or undecodable characters.",
)


class FolderFiles:
    """One audit folder. Everything read through it is remembered with size and digest."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real_root = root.resolve()
        self._taken: dict[str, InputFile] = {}

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """Every file that was taken, sorted by path."""
        return tuple(self._taken[name] for name in sorted(self._taken))

    def exists(self, name: str) -> bool:
        """Whether there is something under a name, be it only a broken link."""
        return _is_safe(name) and os.path.lexists(self.root / name)

    def digest_of(self, name: str) -> str | None:
        """The SHA-256 of a file that was taken."""
        taken = self._taken.get(name)
        return None if taken is None else taken.sha256

    def path_of(self, name: str) -> Path:
        """The path of a file after checking that it lies inside the folder. Raises `InputError`."""
        path = self.root / name
        try:
            inside = path.resolve(strict=True).is_relative_to(self._real_root)
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(
                Text(
                    ja="ファイルを開けません（壊れたリンクなど）。", en="It cannot be opened (a broken link, perhaps)."
                ),
                file=safe_name(name),
                hint=Text(ja="実際のファイルを置いてください。", en="Put the file itself here."),
            ) from error
        if not inside:
            raise InputError(
                Text(ja="監査フォルダの外を指すリンクです。", en="This is a link that leaves the audit folder."),
                file=safe_name(name),
                hint=Text(
                    ja="リンクではなく、ファイルそのものを監査フォルダに置いてください。",
                    en="Put a copy of the file into the audit folder instead of a link.",
                ),
            )
        return path

    def take(self, name: str) -> InputFile:
        """Notes a file as an input of the audit. Raises `InputError` when it cannot be read."""
        if name in self._taken:
            return self._taken[name]
        path = self.path_of(name)
        digest = hashlib.sha256()
        size = 0
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise InputError(
                    Text(ja="通常のファイルではありません。", en="This is not an ordinary file."), file=safe_name(name)
                )
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    if size > MAXIMUM_DIGESTED_BYTES:
                        raise InputError(
                            Text(ja="ファイルが大きすぎます。", en="The file is too large."),
                            file=safe_name(name),
                            hint=Text(
                                ja="監査に必要なファイルだけを置いてください。",
                                en="Keep only what the audit needs here.",
                            ),
                        )
        except OSError as error:
            raise InputError(
                Text(ja="ファイルを読めません。", en="The file cannot be read."),
                file=safe_name(name),
                hint=Text(ja="読み取りの権限を確かめてください。", en="Check the permissions."),
            ) from error
        taken = InputFile(name, size, digest.hexdigest())
        self._taken[name] = taken
        return taken

    def below(self, folder: str, problems: list[InputError]) -> tuple[str, ...]:
        """The files below a folder, sorted; what cannot be used is noted in `problems`."""
        found: list[str] = []
        for name in self._walk(folder, problems):
            if len(found) >= MAXIMUM_FILES:
                problems.append(
                    InputError(
                        Text(
                            ja=f"ファイルが多すぎます（{MAXIMUM_FILES} を超えた分は読みません）。",
                            en=f"There are too many files; those beyond {MAXIMUM_FILES} are not read.",
                        ),
                        file=folder,
                        hint=Text(
                            ja="団体ごとに監査フォルダを分けてください。", en="Use one audit folder for each body."
                        ),
                    )
                )
                break
            try:
                self.take(name)
            except InputError as error:
                problems.append(error)
                continue
            found.append(name)
        return tuple(sorted(found))

    def _walk(self, folder: str, problems: list[InputError]) -> Iterator[str]:
        pending = [folder]
        while pending:
            current = pending.pop()
            try:
                self.path_of(current)
                entries = sorted(os.scandir(self.root / current), key=lambda entry: entry.name)
            except InputError as error:
                problems.append(error)
                continue
            except OSError as error:
                problems.append(_unreadable_folder(current, error))
                continue
            for entry in entries:
                name = f"{current}/{entry.name}"
                if entry.name.startswith(_SYSTEM_PREFIXES) or entry.name.lower() in _SYSTEM_FILES:
                    continue
                if not _is_safe(entry.name):
                    problems.append(
                        InputError(
                            Text(
                                ja="ファイル名に使えない文字があります。",
                                en="The file name contains characters that are refused.",
                            ),
                            file=safe_name(name),
                            hint=_RENAME,
                        )
                    )
                elif entry.is_dir(follow_symlinks=False):
                    pending.append(name)
                elif _links_to_folder(entry):
                    problems.append(
                        InputError(
                            Text(ja="フォルダへのリンクは読みません。", en="Links to folders are not followed."),
                            file=name,
                            hint=Text(ja="フォルダそのものを置いてください。", en="Put the folder itself here."),
                        )
                    )
                else:
                    yield name


def _unreadable_folder(name: str, error: OSError) -> InputError:
    result = InputError(
        Text(ja="フォルダを読めません。", en="The folder cannot be read."),
        file=safe_name(name),
        hint=Text(ja="読み取りの権限を確かめてください。", en="Check the permissions."),
    )
    result.__cause__ = error
    return result


def _links_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # a link to itself; reading it will say so
        return False


def _is_safe(name: str) -> bool:
    """Printable as it is: no control characters, no undecodable bytes, no marks that turn the direction of writing."""
    return name.replace("\u3000", " ").isprintable()


def safe_name(name: str) -> str:
    """A name that can stand in a message whatever it contains."""
    return "".join(one if _is_safe(one) else "\N{REPLACEMENT CHARACTER}" for one in name[:255])
