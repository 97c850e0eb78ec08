"""Whether the neighbours of a routing protocol must authenticate themselves: keys of BGP neighbours and groups, of interfaces of OSPF, of RIP.

Read (CLI reference, "authentication-key (Protocols BGP)", "authentication (Protocols OSPF)"): a key of a group or of the whole protocol holds for its
neighbours. IS-IS and RIP are told where nothing at all is written about authentication, and RIP where one key holds for everything. Virtual
links, RIPng, PIM and MPLS are not told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from secaudit.vendors.juniper_srx.tree import Statement

_OF_BGP = ("authentication-key", "ipsec-sa")
_OF_OSPF = frozenset(("md5", "simple-password", "multi-active-md5"))
_SILENT = frozenset(("passive", "disable"))


def authenticated(protocol: str, section: Statement, root: Statement) -> bool | None:
    """What the statements of one protocol come to; None where they do not tell."""
    ask = _PROTOCOLS.get(protocol)
    return None if ask is None else ask(section, root)


def _all(answers: Iterable[bool | None]) -> bool | None:
    """One that is open decides, one that is not understood leaves it open."""
    held = list(answers)
    if any(one is False for one in held):
        return False
    return None if not held or None in held else True


def _bgp(section: Statement, root: Statement) -> bool | None:
    return _all(_of_groups(section, root))


def _of_groups(section: Statement, root: Statement) -> Iterator[bool | None]:
    for group in section.below("group"):
        if "shutdown" in group.children or "disable" in group.children:
            continue
        if "allow" in group.children or "dynamic-neighbor" in group.children:
            yield _keyed((group, section), root)
        for one in group.below("neighbor"):
            if "shutdown" not in one.children and "disable" not in one.children:
                yield _keyed((one, group, section), root)
    for one in section.below("neighbor"):
        yield _keyed((one, section), root)


def _keyed(levels: Iterable[Statement], root: Statement) -> bool | None:
    """The innermost level that says something; a chain of keys has to be there."""
    for level in levels:
        if any(level.get(word) is not None for word in _OF_BGP):
            return True
        chain = level.value("authentication-key-chain")
        if chain:
            found = root.get("security", "authentication-key-chains", "key-chain", chain)
            return None if found is None else True
    return False


def _interfaces(section: Statement) -> Iterator[tuple[Statement, Statement]]:
    """The interfaces of all areas at which neighbours are sought, each with its area."""
    for area in section.below("area"):
        for one in area.below("interface"):
            if not one.word.startswith("lo0") and not _SILENT & one.children.keys():
                yield area, one


def _linked(section: Statement) -> Iterator[None]:
    for area in section.below("area"):
        if "virtual-link" in area.children or "sham-link-remote" in area.children:
            yield None


def _ospf(section: Statement, root: Statement) -> bool | None:
    return _all((*(_of_interface(area, one) for area, one in _interfaces(section)), *_linked(section)))


def _of_interface(area: Statement, one: Statement) -> bool | None:
    held = one.get("authentication")
    if held is not None:
        return True if _OF_OSPF & held.children.keys() else None
    if "authentication-key" in one.children or "ipsec-sa" in one.children or "authentication-type" in area.children:
        return None
    return False


def _ospf3(section: Statement, root: Statement) -> bool | None:
    """OSPFv3 relies on IPsec."""
    held = (
        (None if "authentication" in one.children else "ipsec-sa" in one.children) for _, one in _interfaces(section)
    )
    return _all((*held, *_linked(section)))


def _says_nothing(section: Statement) -> bool:
    return not any("authentication" in node.word for node in section.walk())


def _rip(section: Statement, root: Statement) -> bool | None:
    neighbours = [one for group in section.below("group") for one in group.below("neighbor")]
    if not neighbours:
        return None
    if _says_nothing(section):
        return False
    kind = section.value("authentication-type")
    everywhere = kind in ("md5", "simple") and section.get("authentication-key") is not None
    own = any("authentication" in node.word for one in section.below("group") for node in one.walk())
    return True if everywhere and not own else None


def _isis(section: Statement, root: Statement) -> bool | None:
    spoken = any(
        not one.word.startswith("lo0") and not _SILENT & one.children.keys() for one in section.below("interface")
    )
    return False if spoken and _says_nothing(section) else None


_PROTOCOLS: Mapping[str, Callable[[Statement, Statement], bool | None]] = {
    "bgp": _bgp,
    "ospf": _ospf,
    "ospf3": _ospf3,
    "rip": _rip,
    "isis": _isis,
}
