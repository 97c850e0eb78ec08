"""Where Terraform manages what a repair would change, its source is what must be changed: the next `apply` would undo any command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from secaudit.text.bilingual import Text
from secaudit.vendors.aws.gathering import Page
from secaudit.vendors.aws.permissions import ports_label
from secaudit.vendors.aws.repair_acls import AclSession, Entry
from secaudit.vendors.aws.repair_groups import GroupSession
from secaudit.vendors.aws.repair_rules import Rule, Wording
from secaudit.vendors.commands import NotSaidError
from secaudit.vendors.common.json_document import Item

_NAMES = (
    "id", "security_group_id", "default_security_group_id", "network_acl_id", "default_network_acl_id",
)  # fmt: skip
"""Values of a resource that tell which group or network ACL it is, or is a part of."""
_KINDS = (
    "aws_security_group",
    "aws_default_security_group",
    "aws_vpc_security_group_",
    "aws_network_acl",
    "aws_default_network_acl",
)
_MOST = 12


def refuse_terraform(pages: Sequence[Page], groups: GroupSession, acls: AclSession) -> None:
    """Raises `NotSaidError` with the resources, and what to change in them, when Terraform told a group or network ACL that is to be changed."""
    parts: list[tuple[str, bool, Text]] = []
    for name, outbound, added, gone in groups.differences():
        parts.append((name, outbound, _of_rules(outbound, added, gone)))
    for name, outbound, entries, numbers in acls.changed():
        parts.append((name, outbound, _of_entries(outbound, entries, numbers)))
    told = [(found, what) for name, outbound, what in parts if (found := list(_resources(pages, name, outbound)))]
    if told:
        raise NotSaidError(
            Text(
                ja="Terraform の出力であり、コマンドで変えても次の apply で元に戻る。Terraform のソースを次のように直すこと。"
                + "".join(f"{_joined(names)}: {what.ja}。" for names, what in told),
                en="Terraform manages this, and its next apply would undo any command; change its source: "
                + "; ".join(f"{_joined(names)}: {what.en}" for names, what in told),
            ),
            advises=True,
        )


def _resources(pages: Iterable[Page], name: str, outbound: bool) -> Iterator[str]:
    """The addresses of the resources that tell a group or network ACL, or parts of it in one direction."""
    found: dict[str, None] = {}
    for page in pages:
        for root in page.document.roots:
            held = root.get("planned_values") or root.get("values")
            if held is not None:
                for resource in _walk(held):
                    address = resource.get("address")
                    if address is not None and address.text and _speaks_of(resource, address.text, name, outbound):
                        found[address.text] = None
    yield from found


def _walk(held: Item) -> Iterator[Item]:
    module = held.get("root_module")
    waiting = [] if module is None else [module]
    while waiting:
        one = waiting.pop()
        for key, item in one.members.items():
            if key == "resources":
                yield from item.items
            elif key == "child_modules":
                waiting += item.items


def _speaks_of(resource: Item, address: str, name: str, outbound: bool) -> bool:
    type_, values = resource.get("type"), resource.get("values")
    if type_ is None or not str(type_.value).startswith(_KINDS):
        return False
    if address == name:
        return True
    if values is not None and _is_of_other_way(str(type_.value), values, outbound):
        return False
    told = () if values is None else (values.get(key) for key in _NAMES)
    return any(one is not None and one.value == name for one in told)


def _is_of_other_way(type_: str, values: Item, outbound: bool) -> bool:
    """Whether a resource is a rule or an entry of the other direction."""
    other = "ingress" if outbound else "egress"
    way, egress = values.get("type"), values.get("egress")
    if type_ == f"aws_vpc_security_group_{other}_rule":
        return True
    if type_ == "aws_security_group_rule":
        return way is not None and way.value == other
    return type_ == "aws_network_acl_rule" and egress is not None and egress.value is not outbound


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST]) + (" ..." if len(names) > _MOST else "")


# --- what to change -------------------------------------------------------------------------------------------


def _of_rules(outbound: bool, added: Sequence[Rule], gone: Sequence[Rule]) -> Text:
    way = "egress" if outbound else "ingress"
    old, new = (_joined([_rule(one) for one in rules]) for rules in (gone, added))
    if not added:
        return Text(ja=f"{way} の規則 {old} を除く", en=f"take the {way} rules {old} out")
    return Text(ja=f"{way} の規則 {old} を {new} に替える", en=f"put the {way} rules {new} in place of {old}")


def _of_entries(outbound: bool, entries: Sequence[Entry], numbers: Sequence[int]) -> Text:
    way = "egress" if outbound else "ingress"
    ja, en = [], []
    if entries:
        listed = _joined([f"{one.number}: deny {_words(one.wording)} {one.prefix}" for one in entries])
        ja.append(f"{way} に拒否の項目を加える({listed})")
        en.append(f"add denying {way} entries ({listed})")
    if numbers:
        listed = _joined([str(one) for one in numbers])
        ja.append(f"{way} の項目 {listed} を除く")
        en.append(f"take {way} entries {listed} out")
    return Text(ja="、".join(ja), en=" and ".join(en))


def _rule(rule: Rule) -> str:
    return f"{_words(rule.wording)} {rule.peer}"


def _words(wording: Wording) -> str:
    first, last = ("" if one is None else str(one) for one in (wording.first, wording.last))
    return ports_label(first, last, wording.protocol)
