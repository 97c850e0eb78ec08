"""Text blocks of IOS: banners, menus, macros."""

from __future__ import annotations

from secaudit.vendors.common.lines import Node

_TEXT_STARTS = frozenset(("banner", "aaa", "menu", "macro"))
_TEXT_BLOCKS = (("banner",), ("aaa", "authentication", "banner"), ("aaa", "authentication", "fail-message"), ("menu",))


def delimiter(node: Node) -> str | None:
    """The delimiter of a text block that goes on in the next lines; None when there is none or it ends on this line."""
    if node.keys[0] not in _TEXT_STARTS:
        return None
    keys = node.keys
    if keys[:2] == ("macro", "name"):
        return "@"
    for start in _TEXT_BLOCKS:
        if keys[: len(start)] == start:
            break
    else:
        return None
    skipped = len(start) + (start in (("banner",), ("menu",)))
    rest = " ".join(node.words[skipped:])
    if start == ("menu",) and keys[2:3] not in (("title",), ("prompt",)):
        return None
    if start == ("menu",):
        rest = " ".join(node.words[3:])
    if not rest:
        return None
    delimiter = "^C" if rest.startswith("^C") else rest[0]
    return None if delimiter in rest[len(delimiter) :] else delimiter
