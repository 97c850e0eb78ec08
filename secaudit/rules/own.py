"""Own rulesets: a municipality's or prefecture's folder that extends the shipped ruleset.

Layers lie on each other: the shipped rules, a prefecture's folder (`--rules`), the folder `rulesets/` of the audit folder. Each may add rules in
chapters of its own and change those below it; every difference is a `Deviation` with who decided it, when and why.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path, PurePath

from secaudit.errors import PolicyError
from secaudit.policy.definitions import Definition, load_definition
from secaudit.rules.changes import extended
from secaudit.rules.loader import SHIPPED, Assembled, base_ruleset, load_ruleset, read_layer, shipped_folder
from secaudit.rules.rule import Ruleset
from secaudit.rules.ruleset_files import HEAD_FILE, refuse_links
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import shown
from secaudit.text.yaml_schema import suggestion, unknown_word

OWN_FOLDER = "rulesets"
"""Where an audit folder holds its own ruleset."""
_LONGEST_CHAIN = 8


def ruleset_for(audit_folder: Path | None, given: Path | None = None) -> Ruleset:
    """The rules for an audit: those of its `rulesets/`, else those of the folder `given` by --rules, else the shipped ones.

    When there are both, the audit folder's must extend what was given: nobody leaves a prefecture's ruleset in silence.
    Raises `PolicyError` for anything wrong in either.
    """
    own = None if audit_folder is None else _own_folder(audit_folder)
    if own is None:
        return load_ruleset() if given is None else load_own_ruleset(given)
    assert audit_folder is not None
    finder = _Finder(given)
    found = finder.load(own, OWN_FOLDER).ruleset
    if given is not None and finder.given_id not in finder.used:
        raise PolicyError(
            Text(
                ja=f"監査フォルダのルールセットが、--rules で指定されたルールセット {finder.given_id} を拡張していない",
                en=f"the ruleset of the audit folder does not extend the ruleset {finder.given_id} given by --rules",
            ),
            file=f"{OWN_FOLDER}/{HEAD_FILE}",
            field="extends",
            hint=Text(ja=f"extends: {finder.given_id} と書くこと。", en=f"write `extends: {finder.given_id}`"),
        )
    return found


def load_own_ruleset(folder: Path, given: Path | None = None) -> Ruleset:
    """The ruleset of a folder: one that extends another, or one of its own. It may extend what was `given` by --rules."""
    name = shown(str(folder))
    if not folder.is_dir():
        raise PolicyError(
            Text(ja="ルールセットのフォルダがない", en="there is no such folder of a ruleset"),
            file=name,
            hint=Text(ja=f"{HEAD_FILE} のあるフォルダを指定すること。", en=f"name a folder that holds {HEAD_FILE}"),
        )
    return _Finder(given or folder).load(folder, name).ruleset


def check_decided(ruleset: Ruleset, as_of: datetime.date) -> None:
    """Raises `PolicyError` for a difference that was decided after the day of the audit: it was not in force then."""
    for one in ruleset.deviations:
        if one.decided_on > as_of:
            raise PolicyError(
                Text(
                    ja=f"{one.subject} の変更の決定日 {one.decided_on} が監査基準日 {as_of} より後である",
                    en=f"the change of {one.subject} was decided on {one.decided_on}, after the day of the audit {as_of}",
                ),
                file=f"rulesets/{one.ruleset}/{HEAD_FILE}",
                hint=Text(
                    ja="監査基準日に効力のあったルールセットを用いること。",
                    en="use the ruleset that was in force on that day",
                ),
            )


def _own_folder(audit_folder: Path) -> Path | None:
    """The audit folder's `rulesets/`, None when there is none or nothing in it. A link is refused."""
    folder = audit_folder / OWN_FOLDER
    if not os.path.lexists(folder):
        return None
    refuse_links(folder, OWN_FOLDER)
    try:
        held = any(not entry.name.startswith(".") for entry in folder.iterdir())
    except OSError as error:
        raise PolicyError(Text(ja="フォルダを読めない", en="the folder cannot be read"), file=OWN_FOLDER) from error
    return folder if held else None


class _Finder:
    """Follows `extends` from a folder down to a ruleset that extends nothing."""

    def __init__(self, given: Path | None) -> None:
        self._given = given
        self._pending: list[Path] = []
        self.used: list[str] = []
        self.given_id = None if given is None else str(_head(given, shown(str(given))).data["id"])

    def load(self, folder: Path, name: str) -> Assembled:
        """The ruleset of a folder, `name` as people know it, with everything below it."""
        head = _head(folder, name)
        here = folder.resolve()
        if here in self._pending or len(self._pending) >= _LONGEST_CHAIN:
            raise head.error(
                Text(ja="ルールセットが自らを拡張している", en="the ruleset extends itself"),
                ("extends",),
            )
        self._pending.append(here)
        layer = read_layer(folder, name, head)
        extends = head.data.get("extends")
        if layer.id in self.used or layer.id == extends or (extends is not None and layer.id == SHIPPED):
            raise head.error(
                Text(ja=f"id {layer.id} は別のルールセットのものである", en=f"{layer.id} is another ruleset's id"),
                ("id",),
            )
        self.used.append(layer.id)
        if extends is None:
            return Assembled(base_ruleset(layer), layer.sources)
        return extended(self._base(head, folder, name, extends), layer)

    def _base(self, head: Definition, folder: Path, name: str, extends: str) -> Assembled:
        if extends.startswith("."):
            return self._by_path(head, folder, name, extends)
        if self._given is not None and extends == self.given_id:
            return self.load(self._given, shown(str(self._given)))
        if extends == SHIPPED:
            layer = read_layer(shipped_folder(), f"rulesets/{SHIPPED}")
            return Assembled(base_ruleset(layer), layer.sources)
        known = [SHIPPED, *([self.given_id] if self.given_id else [])]
        raise head.error(
            Text(ja=f"ルールセット {shown(extends)!r} はない", en=f"there is no ruleset {shown(extends)!r}"),
            ("extends",),
            unknown_word(extends, known)
            if suggestion(extends, known)
            else Text(
                ja="都道府県等のルールセットは --rules で指定すること。",
                en="a ruleset of a prefecture or others is given by --rules",
            ),
        )

    def _by_path(self, head: Definition, folder: Path, name: str, extends: str) -> Assembled:
        target = folder / extends
        if not target.is_dir():
            raise head.error(
                Text(ja=f"フォルダ {shown(extends)} がない", en=f"there is no folder {shown(extends)}"), ("extends",)
            )
        if self._given is not None and target.resolve() == self._given.resolve():
            return self.load(self._given, shown(str(self._given)))
        steps = PurePath(extends).parts
        way = [folder.joinpath(*steps[: count + 1]) for count in range(len(steps))]
        if ".." in steps or any(one.is_symlink() for one in way):
            raise head.error(
                Text(
                    ja=f"extends {shown(extends)} は、このフォルダの外を指すか、リンクである",
                    en=f"`extends: {shown(extends)}` leads out of this folder, or through a link",
                ),
                ("extends",),
                Text(
                    ja="外にあるルールセットは --rules で指定し、extends にはその id を書くこと。",
                    en="give a ruleset that is elsewhere by --rules, and write its id here",
                ),
            )
        return self.load(target, f"{name}/{'/'.join(steps)}")


def _head(folder: Path, name: str) -> Definition:
    refuse_links(folder / HEAD_FILE, f"{name}/{HEAD_FILE}")
    if not (folder / HEAD_FILE).exists():
        raise PolicyError(
            Text(ja=f"{HEAD_FILE} がない", en=f"there is no {HEAD_FILE}"),
            file=name,
            hint=Text(
                ja=f"ルールセットのフォルダには {HEAD_FILE} を置くこと（docs/ja/own-rules.md）。",
                en=f"a folder of a ruleset holds a {HEAD_FILE} (docs/en/own-rules.md)",
            ),
        )
    return load_definition(folder / HEAD_FILE, f"{name}/{HEAD_FILE}", "ruleset")
