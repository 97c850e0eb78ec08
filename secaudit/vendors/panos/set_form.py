"""The `set` form (`set cli config-output-format set`), and the commands that people type behind a configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secaudit.text.source import SourceLine
from secaudit.vendors.panos.tree import DEEPEST, Document, Node

VSYS_WORDS = frozenset((
    "address", "address-group", "application", "application-filter", "application-group", "application-status", "authentication-object",
    "authentication-profile", "authentication-sequence", "captive-portal", "certificate", "certificate-profile", "device-object",
    "dynamic-user-group", "email-scheduler", "external-list", "global-protect", "group-mapping", "import", "local-user-database", "log-settings",
    "ocsp-responder", "profile-group", "profiles", "region", "report-group", "reports", "response-page", "rulebase", "pre-rulebase",
    "post-rulebase", "schedule", "sdwan-interface-profile", "server-profile", "service", "service-group", "setting", "ssl-tls-service-profile",
    "tag", "threats", "ts-agent", "user-id-agent", "user-id-agent-sequence", "user-id-collector", "zone", "display-name", "dns-proxy",
))  # fmt: skip
"""What belongs to a virtual system and stands at the top where there is only one."""
_PROMPT = re.compile(r"[\w.@()-]{1,80}[>#]\s*$")
_CONTEXT = re.compile(r"\[edit[^\]]{0,200}\]\s*$")
_COMMANDS = ("set ", "move ", "delete ")
_MOST_LINES_OF_A_VALUE = 2000


def is_command(text: str) -> bool:
    """Whether a line is a command of this form."""
    return text.lstrip().startswith(_COMMANDS)


def read_into(document: Document, lines: Sequence[SourceLine]) -> None:
    """Adds what the lines say to a tree. Lines that are no command are unread, but for prompts."""
    root = document.root
    position = 0
    single = _single_vsys(root)
    while position < len(lines):
        line = lines[position]
        position += 1
        text = line.text.strip()
        if not text or text.startswith("#") or _PROMPT.match(text) or _CONTEXT.match(text) or text in ("exit", "quit"):
            document.structure.add(line.number)
            continue
        if not text.startswith(_COMMANDS):
            document.garbage.append(line)
            continue
        held = [line]
        if text.count('"') % 2:
            position, more = _quoted_on(lines, position)
            if more is None:
                document.truncated = (line,)
            else:
                held += more
                text = "\n".join((text, *(one.text for one in more)))
        words = _words(text)
        if words is None or len(words) > DEEPEST or len(words) < 2:
            document.garbage.extend(held)
        elif words[0] == "set":
            _set(root, single, words[1:], held)
        elif words[0] == "move" and _move(root, single, words[1:]):
            document.moved.extend(held)
            document.structure.update(one.number for one in held)
        else:
            document.garbage.extend(held)


def _quoted_on(lines: Sequence[SourceLine], position: int) -> tuple[int, list[SourceLine] | None]:
    """The lines up to the closing quote; None when there is none."""
    for index in range(position, min(position + _MOST_LINES_OF_A_VALUE, len(lines))):
        if lines[index].text.startswith(_COMMANDS):
            break  # the quote is one of the text (an inch), or a mask took the closing one: commands are never a part of a value
        if lines[index].text.count('"') % 2:
            return index + 1, list(lines[position : index + 1])
    return position, None


def _words(text: str) -> list[str | list[str]] | None:
    """The words of a command; a list in brackets is one item. None when brackets do not close."""
    if '"' not in text and "[" not in text:
        return list(text.split())
    words: list[str | list[str]] = []
    group: list[str] | None = None
    position = 0
    length = len(text)
    while position < length:
        letter = text[position]
        if letter.isspace():
            position += 1
            continue
        if letter == '"':
            end = text.find('"', position + 1)
            end = length if end < 0 else end
            (words if group is None else group).append(text[position + 1 : end].strip())
            position = end + 1
            continue
        if letter == "[" and group is None:
            group = []
            position += 1
            continue
        if letter == "]" and group is not None:
            words.append(group)
            group = None
            position += 1
            continue
        end = position
        while end < length and not text[end].isspace() and text[end] not in '"[]':
            end += 1
        end = max(end, position + 1)
        (words if group is None else group).append(text[position:end])
        position = end
    return None if group is not None else words


def _single_vsys(root: Node) -> Node | None:
    """The only virtual system of a tree that came from another form."""
    for device in root.entries("devices"):
        systems = list(device.entries("vsys"))
        return systems[0] if len(systems) == 1 else device
    return None


def _base(root: Node, single: Node | None, first: str) -> Node:
    """Where a path begins."""
    if first in VSYS_WORDS and single is not None:
        return single
    if first in ("network", "deviceconfig", "vsys"):
        return next(iter(root.entries("devices")), root)
    return root


def _set(root: Node, single: Node | None, words: Sequence[str | list[str]], held: Sequence[SourceLine]) -> None:
    if words and words[0] == "config":
        words = words[1:]
    if not words or isinstance(words[0], list):
        return
    line = held[0]
    node = _base(root, single, words[0])
    last = len(words) - 1
    for index, word in enumerate(words):
        if isinstance(word, list):
            for one in word:
                _leaf(node, one, held)
            return
        if index == last:
            _leaf(node, word, held)
            return
        children = node.children
        found = children.get(word)
        if found is None:
            found = children[word] = Node(word, line)
        node = found


def _leaf(node: Node, name: str, held: Sequence[SourceLine]) -> None:
    """A value; set again it becomes the last one."""
    known = node.children.get(name)
    if known is None:
        known = node.children[name] = Node(name, held[0])
        known.further.extend(held[1:])
    else:
        if not known.children:
            del node.children[name]
            node.children[name] = known
        known.further.extend(held)


def _move(root: Node, single: Node | None, words: Sequence[str | list[str]]) -> bool:
    """`move PATH rules NAME before|after OTHER`, `top`, `bottom`: changes the order of entries. Whether it could be done."""
    path = [word for word in words if isinstance(word, str)]
    if len(path) != len(words) or len(path) < 3:
        return False
    where, other = path[-1], ""
    names = path[:-1]
    if len(path) > 3 and path[-2] in ("before", "after"):
        where, other, names = path[-2], path[-1], path[:-2]
    elif where not in ("top", "bottom"):
        return False
    table = _base(root, single, names[0]).child(*names[:-1])
    if (
        table is None
        or names[-1] not in table.children
        or (other and other not in table.children)
        or other == names[-1]
    ):
        return False
    moved = table.children.pop(names[-1])
    rest = list(table.children.items())
    index = {"top": 0, "bottom": len(rest)}.get(where, -1)
    if index < 0:
        index = list(table.children).index(other) + (where == "after")
    rest.insert(index, (names[-1], moved))
    table.children.clear()
    table.children.update(rest)
    return True
