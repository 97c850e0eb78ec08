"""`rulesets/NAME/` as a `Ruleset`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from secaudit.errors import PolicyError
from secaudit.locations import data_folder
from secaudit.policy import editions
from secaudit.policy.definitions import Definition, load_definition, text_of
from secaudit.policy.model import DefinitionFile
from secaudit.rules.controls import read_controls
from secaudit.rules.rule import Chapter, Control, Rule, Ruleset, StatutoryField, Threshold
from secaudit.rules.rule_file import SCHEMA, RuleFile, chapter_of, make_rule
from secaudit.rules.ruleset_files import CONTROLS_FILE, HEAD_FILE, THRESHOLDS_FILE, refuse_links, rule_files
from secaudit.rules.thresholds import read_thresholds
from secaudit.text.bilingual import Text

SHIPPED = "mic"


@dataclass(frozen=True, slots=True)
class Layer:
    """One ruleset folder as read, before its rules are made. `chapters` are its own; `files` are named as results name them."""

    root: Path
    head: Definition
    chapters: tuple[Chapter, ...]
    sources: Mapping[str, RuleFile]
    files: tuple[DefinitionFile, ...]

    @property
    def id(self) -> str:
        """The id of the ruleset."""
        return str(self.head.data["id"])


@dataclass(frozen=True, slots=True)
class Assembled:
    """A ruleset, and the files of its rules as they are now: what a ruleset that extends it starts from."""

    ruleset: Ruleset
    sources: Mapping[str, RuleFile]


def shipped_folder(name: str = SHIPPED) -> Path:
    """Where a ruleset that ships with the product is."""
    return data_folder("rulesets") / name


def load_ruleset(folder: Path | None = None) -> Ruleset:
    """Reads a folder of rules that extends no other (default: `rulesets/mic`), a folder a chapter, a file a rule, sorted by id.

    Raises `PolicyError` with file, line and a suggestion for anything that a person may have mistyped.
    """
    root = folder or shipped_folder()
    return base_ruleset(read_layer(root, f"rulesets/{root.name}"))


def read_layer(root: Path, shown: str, head: Definition | None = None) -> Layer:
    """The files of one folder, each valid by its schema. Errors name them below `shown`."""
    head = head or load_definition(root / HEAD_FILE, f"{shown}/{HEAD_FILE}", "ruleset")
    chapters = _chapters(head)
    recorded = f"rulesets/{head.data['id']}"
    sources: dict[str, RuleFile] = {}
    for name in rule_files(root, shown):
        path = PurePath(name)
        definition = load_definition(root / name, f"{shown}/{name}", SCHEMA)
        chapter = chapter_of(definition, chapters, path.parent)
        rule_id = definition.data["id"]
        if path.stem != rule_id:
            raise definition.error(
                Text(
                    ja=f"ファイル名 {path.name} は id {rule_id} と一致しなければならない",
                    en=f"the file name {path.name} must be the id {rule_id}",
                ),
                ("id",),
            )
        sources[rule_id] = RuleFile(definition, chapter, _recorded(definition, recorded, name))
    files = [_recorded(head, recorded, HEAD_FILE), *(source.file for source in sources.values())]
    return Layer(root, head, chapters, sources, tuple(files))


def base_ruleset(layer: Layer) -> Ruleset:
    """The ruleset of a layer that extends nothing."""
    shown = layer.head.file.path.rpartition("/")[0]
    if not layer.sources:
        raise PolicyError(Text(ja="ルールが一つもない", en="there is not a single rule"), file=shown)
    thresholds, controls, more = _numbers_and_catalogue(layer, shown)
    known = editions()
    rules = {name: make_rule(source, thresholds, known) for name, source in layer.sources.items()}
    return Ruleset(
        id=layer.id,
        title=text_of(layer.head.data["title"]),
        version=layer.head.data["version"],
        chapters=layer.chapters,
        rules=sorted_rules(rules),
        files=(*layer.files, *more),
        thresholds=thresholds,
        controls=controls,
        folders=(layer.root,),
    )


def sorted_rules(rules: Mapping[str, Rule]) -> tuple[Rule, ...]:
    """By id."""
    return tuple(rules[name] for name in sorted(rules))


def _numbers_and_catalogue(
    layer: Layer, shown: str
) -> tuple[Mapping[str, Threshold], tuple[Control, ...], tuple[DefinitionFile, ...]]:
    """What `thresholds.yaml` and `controls.yaml` say, where there are any, and their files."""
    thresholds: Mapping[str, Threshold] = {}
    controls: tuple[Control, ...] = ()
    files = []
    if (layer.root / THRESHOLDS_FILE).exists():
        definition = _special(layer, shown, THRESHOLDS_FILE, "ruleset_thresholds")
        thresholds = read_thresholds(definition)
        files.append(_recorded(definition, f"rulesets/{layer.id}", THRESHOLDS_FILE))
    if (layer.root / CONTROLS_FILE).exists():
        definition = _special(layer, shown, CONTROLS_FILE, "ruleset_controls")
        controls = read_controls(definition, layer.chapters)
        files.append(_recorded(definition, f"rulesets/{layer.id}", CONTROLS_FILE))
    return thresholds, controls, tuple(files)


def _special(layer: Layer, shown: str, name: str, schema: str) -> Definition:
    refuse_links(layer.root / name, f"{shown}/{name}")
    return load_definition(layer.root / name, f"{shown}/{name}", schema)


def _recorded(definition: Definition, folder: str, name: str) -> DefinitionFile:
    """A file as results name it: the same wherever the folder is."""
    return dataclasses.replace(definition.file, path=f"{folder}/{name}")


def _chapters(head: Definition) -> tuple[Chapter, ...]:
    chapters = tuple(
        Chapter(
            id=entry["id"],
            title=text_of(entry["title"]),
            controls=tuple(entry["controls"]),
            statutory_fields=tuple(StatutoryField(name) for name in entry["statutory_fields"]),
        )
        for entry in head.data.get("chapters", ())
    )
    seen: dict[str, str] = {}
    for index, chapter in enumerate(chapters):
        for name in (chapter.id, *chapter.controls):
            if name in seen:
                raise head.error(
                    Text(ja=f"{name} が二つの章にある", en=f"{name} is in two chapters"), ("chapters", index)
                )
            seen[name] = chapter.id
    return chapters
