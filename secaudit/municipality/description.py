"""`municipality.yaml` after its schema: the body itself, its zones, register, ledger and links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from secaudit.municipality import fields
from secaudit.municipality.codes import CheckDigitError, complete_code, prefectures
from secaudit.municipality.documents import Documents
from secaudit.municipality.fields import Mistakes
from secaudit.municipality.model import Host, LedgerDevice, Link, ListedFile, Model, Municipality, Role, Zone
from secaudit.municipality.register import read_register
from secaudit.municipality.zone_bindings import Zones, read_zones
from secaudit.text.bilingual import Text
from secaudit.text.yaml_document import YamlDocument, YamlNode, dotted, shown
from secaudit.text.yaml_schema import suggestion, unknown_word


def read_municipality(document: YamlDocument, documents: Documents) -> Municipality:
    """Reads a validated document and checks what no schema can. Raises `InputError` listing every mistake."""
    root = document.root
    mistakes = Mistakes()
    body = root.get("municipality")
    assert body is not None, "the schema demands it"
    code = _code(body, mistakes)
    zones = read_zones(root, mistakes)
    ledger = _ledger(root, mistakes)
    links = tuple(
        Link(fields.interface(left), fields.interface(right), node.source)
        for node in root.items("links")
        if (left := node.get("left")) is not None and (right := node.get("right")) is not None
    )
    _check_devices(root, {device.name for device in ledger}, mistakes)
    hosts = _hosts(root, zones, mistakes)
    register = read_register(root, zones, documents, mistakes)
    mistakes.raise_if_any()
    return Municipality(
        code=code,
        name=body.text("name"),
        prefecture=body.text("prefecture"),
        population_band=body.optional_text("population_band"),
        model=Model(root.text("model")),
        edition=root.text("edition"),
        roles=tuple(Role(role, holder.as_text()) for role, holder in root.entries("roles") if holder.value is not None),
        zones=tuple(zones.bindings.values()),
        register=register,
        ledger=ledger,
        links=links,
        hosts=hosts,
    )


def _code(body: YamlNode, mistakes: Mistakes) -> str:
    written = body.text("code")
    names = prefectures()
    prefecture = body.text("prefecture")
    try:
        code = complete_code(written)
    except CheckDigitError as error:
        mistakes.add(
            body.error(
                Text(
                    ja=f"団体コード {shown(written)} の検査数字が合いません。",
                    en=f"The check digit of {shown(written)} is wrong.",
                ),
                Text(
                    ja=f"最初の5桁が正しければ {error.expected} です。総務省の一覧で確かめてください。",
                    en=f"If the first five digits are right, it is {error.expected}; check the Ministry's list.",
                ),
                "code",
            )
        )
        return written
    except ValueError:
        mistakes.add(
            body.error(
                Text(
                    ja=f"「{shown(written)}」は団体コードではありません。",
                    en=f"`{shown(written)}` is not a municipality code.",
                ),
                Text(
                    ja="6桁（または検査数字を除いた5桁）の数字で書きます。", en="Write six digits, or the first five."
                ),
                "code",
            )
        )
        return written
    if prefecture not in names.values():
        mistakes.add(
            body.error(
                Text(
                    ja=f"「{shown(prefecture)}」という都道府県はありません。",
                    en=f"There is no prefecture `{shown(prefecture)}`.",
                ),
                unknown_word(prefecture, names.values())
                if suggestion(prefecture, names.values())
                else Text(
                    ja="「長野県」のように都道府県まで書きます。", en="Write the full Japanese name, such as 長野県."
                ),
                "prefecture",
            )
        )
    elif names.get(code[:2]) != prefecture:
        meant = names.get(code[:2])
        of_code_ja = f"{meant}のもの" if meant else "どの都道府県のものでもありません"
        of_code_en = f"a code of {meant}" if meant else "a code of no prefecture"
        mistakes.add(
            body.error(
                Text(
                    ja=f"団体コード {code} は{of_code_ja}{'で、' if meant else '。'}{prefecture}と合いません。",
                    en=f"{code} is {of_code_en}, not of {prefecture}.",
                ),
                Text(
                    ja="団体コードか都道府県名を直してください（先頭の 0 の落ちにも注意）。",
                    en="Mend the code or the name; a leading 0 may have been lost.",
                ),
                "code",
            )
        )
    return code


def _ledger(root: YamlNode, mistakes: Mistakes) -> tuple[LedgerDevice, ...]:
    nodes = list(root.items("devices"))
    fields.check_unique(mistakes, [(node.text("name"), node) for node in nodes], "name")
    listed = {node.path: _config_files(node, mistakes) for node in nodes}
    _check_files(listed.values(), mistakes)
    return tuple(
        LedgerDevice(
            name=node.text("name"),
            vendor=node.text("vendor"),
            role=node.text("role"),
            zones=tuple(Zone(item.as_text()) for item in node.items("zones")),
            file=next((one.path for one, _ in listed[node.path]), None),
            routes=node.flag("routes", default=True),
            config_expected=node.flag("config_expected", default=True),
            source=node.source,
            files=tuple(one for one, _ in listed[node.path]),
        )
        for node in nodes
    )


def _hosts(root: YamlNode, zones: Zones, mistakes: Mistakes) -> tuple[Host, ...]:
    """Hosts in several zones: the zones of their addresses, and those stated."""
    nodes = list(root.items("hosts"))
    fields.check_unique(mistakes, [(node.text("name"), node) for node in nodes], "name")
    found = []
    for node in nodes:
        stated = {Zone(item.as_text()) for item in node.items("zones")}
        addresses = mistakes.each(fields.network, node, "addresses")
        held = [zones.holding(address) or (zones.rest if address.is_global else None) for address in addresses]
        unknown = not stated and (None in held or not held)
        stated |= {zone for zone in held if zone is not None}
        if unknown and len(addresses) == len(list(node.items("addresses"))):
            mistakes.add(
                node.error(
                    Text(
                        ja="この端末・サーバのアドレスにどの領域にもないものがあり、領域も書かれていません。",
                        en="Not every address of this host is in a zone, and no zones are stated.",
                    ),
                    Text(
                        ja="addresses にアドレスを、又は zones に接続している領域を書いてください。",
                        en="Give its `addresses`, or name the zones it is connected to in `zones`.",
                    ),
                )
            )
        found.append(
            Host(
                name=node.text("name"),
                zones=tuple(sorted(stated)),
                addresses=addresses,
                forwards=node.flag("forwards", default=True),
                source=node.source,
            )
        )
    return tuple(found)


_Listed = tuple[ListedFile, YamlNode]
"""A file and the node that names it."""


def _config_files(node: YamlNode, mistakes: Mistakes) -> list[_Listed]:
    """The configuration of a device: `file`, or `files` when it was exported in parts."""
    single = node.get("file")
    several = list(node.items("files"))
    if single is not None and single.value is not None and several:
        mistakes.add(
            node.error(
                Text(ja="file と files の両方が書かれています。", en="Both `file` and `files` are given."),
                Text(
                    ja="一つの機器の設定が複数のファイルに分かれているときは、すべてを files に書き、file は消してください。",
                    en="Where a configuration was exported in several files, name them all in `files` and remove `file`.",
                ),
                "files",
            )
        )
        return []
    named = several if several else [] if single is None or single.value is None else [single]
    found = []
    for item in named:
        path = _config_path(item, mistakes)
        if path is not None:
            found.append((ListedFile(path, dotted(item.path), item.source), item))
    return found


def _config_path(node: YamlNode, mistakes: Mistakes) -> str | None:
    """The path of a configuration from the audit folder; people may leave `configs/` out."""
    text = node.as_text()
    path = PurePosixPath(text.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        mistakes.add(
            node.error(
                Text(
                    ja=f"「{shown(text)}」は configs/ の外を指しています。",
                    en=f"`{shown(text)}` points outside of configs/.",
                ),
                Text(ja="configs/ の下のファイル名を書いてください。", en="Name a file below configs/."),
            )
        )
        return None
    return path.as_posix() if path.parts[:1] == ("configs",) else f"configs/{path.as_posix()}"


def _check_files(listed: Iterable[Sequence[_Listed]], mistakes: Mistakes) -> None:
    """No file may be named twice, by one device or by two."""
    first: dict[str, YamlNode] = {}
    for found in listed:
        for one, node in found:
            if len(mistakes.errors) >= fields.ENOUGH_MISTAKES:
                return
            before = first.setdefault(one.path, node)
            if before is not node:
                line = before.source.number
                mistakes.add(
                    node.error(
                        Text(
                            ja=f"「{shown(one.path)}」は {line} 行目でも使われています。",
                            en=f"`{shown(one.path)}` is already used in line {line}.",
                        ),
                        Text(
                            ja="一つのファイルは一台の機器に一度だけ書いてください。",
                            en="Name a file once only, at the one device that it belongs to.",
                        ),
                    )
                )


def _check_devices(root: YamlNode, names: set[str], mistakes: Mistakes) -> None:
    """Every interface that zones and links name must belong to a device of the ledger."""
    references = [item for _, zone in root.entries("zones") for item in zone.items("interfaces")]
    references += [
        side for link in root.items("links") for key in ("left", "right") if (side := link.get(key)) is not None
    ]
    for item in references:
        if len(mistakes.errors) >= fields.ENOUGH_MISTAKES:
            return
        device = fields.interface(item).device
        if device not in names and device.partition("/")[0] not in names:
            mistakes.add(
                item.error(
                    Text(
                        ja=f"機器「{shown(device)}」が機器台帳（devices）にありません。",
                        en=f"The device `{shown(device)}` is not in the ledger (`devices`).",
                    ),
                    unknown_word(device, names),
                )
            )
