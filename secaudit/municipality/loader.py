"""Loads an audit folder: what people wrote is validated, what they collected is listed with its digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from secaudit.errors import InputError
from secaudit.municipality.description import read_municipality
from secaudit.municipality.documents import Documents
from secaudit.municipality.folder import FolderFiles, safe_name
from secaudit.municipality.model import AuditFolder
from secaudit.municipality.statements import read_attestations, read_exceptions
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlDocument
from secaudit.text.yaml_reader import load_yaml
from secaudit.text.yaml_schema import suggestion

T = TypeVar("T")

MUNICIPALITY, ATTESTATIONS, EXCEPTIONS = "municipality.yaml", "attestations.yaml", "exceptions.yaml"
CONFIGS, PROBES, RULESETS = "configs", "probes", "rulesets"

_START = Text(
    ja="`secaudit init フォルダ` で新しい監査フォルダを作れます。",
    en="`secaudit init FOLDER` starts a new audit folder.",
)


def load_audit_folder(path: Path) -> AuditFolder:
    """Loads and validates one municipality's audit folder.

    Raises `InputError` when the folder or its `municipality.yaml` cannot be used, for then nothing can be audited. Everything
    else that is wrong is in `problems`, and the audit goes on without it.
    """
    shown_folder = safe_name(str(path))
    _check_folder(path, shown_folder)
    files = FolderFiles(path)
    documents = Documents(files)
    problems: list[InputError] = []
    municipality = read_municipality(_required_document(files, shown_folder), documents)
    attestations = _optional(
        files, ATTESTATIONS, "attestations", lambda document: read_attestations(document, documents), problems
    )
    exceptions = _optional(
        files, EXCEPTIONS, "exceptions", lambda document: read_exceptions(document, documents), problems
    )
    problems += _misnamed(path)
    configs = _collected(files, CONFIGS, problems, needed=True)
    probes = _collected(files, PROBES, problems, needed=False)
    rulesets = _collected(files, RULESETS, problems, needed=False)
    return AuditFolder(
        root=str(path),
        municipality=municipality,
        attestations=attestations or (),
        exceptions=exceptions or (),
        configs=configs,
        probes=probes,
        inputs=files.inputs,
        problems=(*problems, *documents.problems),
        rulesets=rulesets,
    )


def _check_folder(path: Path, shown_folder: str) -> None:
    try:
        is_folder = path.is_dir()
        exists = path.exists()
        names = [entry.name for entry in path.iterdir()] if is_folder else []
    except (OSError, ValueError) as error:
        raise InputError(
            Text(ja="監査フォルダを開けません。", en="The audit folder cannot be opened."),
            file=shown_folder,
            hint=_START,
        ) from error
    if not exists:
        raise InputError(
            Text(ja="監査フォルダが見つかりません。", en="There is no such audit folder."),
            file=shown_folder,
            hint=_START,
        )
    if not is_folder:
        raise InputError(
            Text(
                ja="フォルダではありません。監査フォルダを指定してください。",
                en="This is not a folder; name an audit folder.",
            ),
            file=shown_folder,
            hint=_START,
        )
    if not names:
        raise InputError(
            Text(ja="監査フォルダが空です。", en="The audit folder is empty."), file=shown_folder, hint=_START
        )


def _required_document(files: FolderFiles, shown_folder: str) -> YamlDocument:
    if not files.exists(MUNICIPALITY):
        near = _nearest_name(files.root, MUNICIPALITY)
        raise InputError(
            Text(ja=f"{MUNICIPALITY} がありません。", en=f"There is no {MUNICIPALITY}."),
            file=shown_folder,
            hint=Text(
                ja=f"「{near}」の名前を {MUNICIPALITY} に変えてください。", en=f"Rename `{near}` to {MUNICIPALITY}."
            )
            if near
            else _START,
        )
    files.take(MUNICIPALITY)
    return load_yaml(files.path_of(MUNICIPALITY), MUNICIPALITY, "municipality")


def _optional(
    files: FolderFiles, name: str, schema: str, read: Callable[[YamlDocument], T], problems: list[InputError]
) -> T | None:
    """What a file that may be missing says; a broken one is a problem of the audit."""
    if not files.exists(name):
        return None
    try:
        files.take(name)
        return read(load_yaml(files.path_of(name), name, schema))
    except InputError as error:
        problems.append(error)
        return None


def _collected(files: FolderFiles, folder: str, problems: list[InputError], *, needed: bool) -> tuple[str, ...]:
    found = files.below(folder, problems) if files.exists(folder) else ()
    if needed and not found:
        problems.append(
            InputError(
                Text(
                    ja="機器の設定ファイルが一つもありません。通信の判定はすべて確認不能になります。",
                    en="There is not a single device configuration; nothing about flows can be determined.",
                ),
                file=folder,
                hint=Text(
                    ja=f"機器から書き出した設定を {folder}/ に置いてください。",
                    en=f"Put the configurations exported from the devices into {folder}/.",
                ),
            )
        )
    return found


def _misnamed(root: Path) -> list[InputError]:
    """A file that is nearly named like one we read would be ignored in silence; say so instead."""
    problems = []
    for name in (ATTESTATIONS, EXCEPTIONS):
        near = _nearest_name(root, name)
        if near is not None:
            problems.append(
                InputError(
                    Text(
                        ja=f"このファイルは読まれません。{name} の書き間違いではありませんか。",
                        en=f"This file is not read; is it meant to be {name}?",
                    ),
                    file=near,
                    hint=Text(ja=f"名前を {name} に変えてください。", en=f"Rename it to {name}."),
                )
            )
    return problems


def _nearest_name(root: Path, name: str) -> str | None:
    """A file of the folder that was probably meant to have this name, when there is none that has it."""
    names = sorted(safe_name(entry.name) for entry in root.iterdir() if not entry.name.startswith("."))
    if name in names:
        return None
    candidates = {entry.lower().removesuffix(".txt").replace(".yml", ".yaml"): entry for entry in names}
    candidates = {key: entry for key, entry in candidates.items() if key.endswith(".yaml")}
    known = {MUNICIPALITY, ATTESTATIONS, EXCEPTIONS}
    meant = suggestion(name, (key for key, entry in candidates.items() if entry not in known))
    return None if meant is None else candidates[meant]
