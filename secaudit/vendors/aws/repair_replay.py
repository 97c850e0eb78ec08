"""What lines of the AWS CLI make of AWS's answers: the same texts, with the changed documents written anew.

Only the lines that `repair_commands` writes are understood. Every place that describes a group or a network ACL is changed, in whichever text it is.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from secaudit.text.source import SourceLine
from secaudit.vendors.aws.records import network_of, plain
from secaudit.vendors.aws.repair_rules import PEERS, SIDES
from secaudit.vendors.common.json_document import Item, JsonDocument, read_json

# The answers of AWS as plain JSON: they come from `read_json` and leave as text, within this module.
Json = dict[str, Any]
_INDENT = 4
_MADE = "sgr-{:017x}"
"""The id of a rule record that AWS would number itself."""


@dataclass(slots=True)
class _Text:
    """One text with its documents; `changed` are the documents that are no longer what the text says."""

    lines: Sequence[str]
    document: JsonDocument
    roots: list[Any]
    changed: set[int]


def replayed(texts: Sequence[str], lines: Sequence[str]) -> tuple[str, ...]:
    """The texts after the lines, in their order."""
    held = [_read(one) for one in texts]
    for line in lines:
        words = shlex.split(line)
        action, options = words[2], _options(words[3:])
        _ACTIONS[action](held, options)
    return tuple(_written(one, text) for one, text in zip(held, texts, strict=True))


def _read(text: str) -> _Text:
    lines = text.splitlines()
    document = read_json([SourceLine("", number, line) for number, line in enumerate(lines, 1)])
    return _Text(lines, document, [plain(one) for one in document.roots], set())


def _options(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(words):
        name = words[position]
        if name in ("--ingress", "--egress"):
            found[name] = ""
            position += 1
        else:
            found[name] = words[position + 1]
            position += 2
    return found


def _written(text: _Text, before: str) -> str:
    if not text.changed:
        return before
    roots: Sequence[Item] = text.document.roots
    starts: dict[int, list[int]] = {}
    inside: set[int] = set()
    for number, root in enumerate(roots):
        starts.setdefault(root.line, []).append(number)
        inside.update(range(root.line, root.end + 1))
    result: list[str] = []
    for index, line in enumerate(text.lines):
        for number in starts.get(index, ()):
            result.append(json.dumps(text.roots[number], indent=_INDENT))
        if index not in inside:
            result.append(line)
    return "\n".join(result) + "\n"


def _records(held: Iterable[_Text], kind: str) -> Iterator[tuple[_Text, int, list[Json]]]:
    """Every list of a kind, with its text and the number of its document."""
    for text in held:
        for number, root in enumerate(text.roots):
            waiting = [root]
            while waiting:
                one = waiting.pop()
                if isinstance(one, list):
                    waiting += one
                elif isinstance(one, dict) and isinstance(one.get(kind), list):
                    yield text, number, one[kind]


def _objects(value: object) -> list[Json]:
    """The objects of a list; nothing else is of use, wherever it comes from."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


# --- security groups ------------------------------------------------------------------------------------------


def _permit(outbound: bool) -> Callable[[list[_Text], Mapping[str, str]], None]:
    def act(held: list[_Text], options: Mapping[str, str]) -> None:
        for entry in json.loads(options["--ip-permissions"]):
            for side in _sides(held, options["--group-id"], SIDES[outbound]):
                _add(side, entry)
            _add_records(held, options["--group-id"], outbound, entry)

    return act


def _revoke(outbound: bool) -> Callable[[list[_Text], Mapping[str, str]], None]:
    def act(held: list[_Text], options: Mapping[str, str]) -> None:
        for entry in json.loads(options["--ip-permissions"]):
            for side in _sides(held, options["--group-id"], SIDES[outbound]):
                _drop(side, entry)
            _drop_records(held, options["--group-id"], outbound, entry)

    return act


def _sides(held: list[_Text], name: str, side: str) -> Iterator[list[Json]]:
    """The rules of a group, wherever it is described."""
    for text, number, records in _records(held, "SecurityGroups"):
        for record in _objects(records):
            if record.get("GroupId") == name and isinstance(record.get(side), list):
                text.changed.add(number)
                yield record[side]


def _same_words(one: Json, entry: Json) -> bool:
    """Whether an entry has the protocol and numbers of another; of `-1` the numbers say nothing."""
    if str(one.get("IpProtocol")) != entry["IpProtocol"]:
        return False
    return entry["IpProtocol"] == "-1" or all(one.get(key) == entry.get(key) for key in ("FromPort", "ToPort"))


def _ends(entry: Json) -> Iterator[tuple[str, str, Json]]:
    for kind, member in PEERS.items():
        for one in entry.get(kind, ()):
            yield kind, member, one


def _is_same(kind: str, one: object, other: object) -> bool:
    if kind in ("IpRanges", "Ipv6Ranges"):
        return network_of(str(one)) == network_of(str(other))
    return one == other


def _add(side: list[Json], entry: Json) -> None:
    found = next((one for one in _objects(side) if _same_words(one, entry)), None)
    if found is None:
        found = {key: entry[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in entry}
        # AWS writes lists without content out.
        found |= {kind: [] for kind in PEERS}
        side.append(found)
    for kind, _, one in _ends(entry):
        held = found.setdefault(kind, [])
        if isinstance(held, list):
            held.append(one)


def _drop(side: list[Json], entry: Json) -> None:
    for one in _objects(side):
        if _same_words(one, entry):
            for kind, member, end in _ends(entry):
                held = one.get(kind)
                if isinstance(held, list):
                    held[:] = [other for other in held if not _is_end(kind, other, member, end)]
    side[:] = [one for one in side if not _is_empty(one, entry)]


def _is_end(kind: str, other: object, member: str, end: Json) -> bool:
    return isinstance(other, dict) and _is_same(kind, other.get(member), end[member])


def _is_empty(one: object, entry: Json) -> bool:
    return isinstance(one, dict) and _same_words(one, entry) and not any(one.get(kind) for kind in PEERS)


_OF_RECORDS = {"IpRanges": "CidrIpv4", "Ipv6Ranges": "CidrIpv6", "PrefixListIds": "PrefixListId"}


def _end_of_record(record: Json, kind: str) -> object:
    if kind == "UserIdGroupPairs":
        other = record.get("ReferencedGroupInfo")
        return other.get("GroupId") if isinstance(other, dict) else None
    return record.get(_OF_RECORDS[kind])


def _drop_records(held: list[_Text], name: str, outbound: bool, entry: Json) -> None:
    for text, number, records in _records(held, "SecurityGroupRules"):
        kept = [one for one in records if not _is_rule(one, name, outbound, entry)]
        if len(kept) != len(records):
            records[:] = kept
            text.changed.add(number)


def _is_rule(one: object, name: str, outbound: bool, entry: Json) -> bool:
    if (
        not isinstance(one, dict)
        or one.get("GroupId") != name
        or one.get("IsEgress") is not outbound
        or not _same_words(one, entry)
    ):
        return False
    return any(_is_same(kind, _end_of_record(one, kind), end[member]) for kind, member, end in _ends(entry))


def _add_records(held: list[_Text], name: str, outbound: bool, entry: Json) -> None:
    """Where rules are told apart from groups, a new one stands behind the others of its group."""
    for text, number, records in _records(held, "SecurityGroupRules"):
        if not any(one.get("GroupId") == name for one in _objects(records)):
            continue
        for kind, member, end in _ends(entry):
            told = {
                str(one.get("SecurityGroupRuleId"))
                for _, _, others in _records(held, "SecurityGroupRules")
                for one in _objects(others)
            }
            made = next(id_ for count in range(1, len(told) + 2) if (id_ := _MADE.format(count)) not in told)
            record: Json = {"SecurityGroupRuleId": made, "GroupId": name, "IsEgress": outbound}
            record |= {key: entry.get(key, -1) for key in ("IpProtocol", "FromPort", "ToPort")}
            if kind == "UserIdGroupPairs":
                record["ReferencedGroupInfo"] = {key: end[key] for key in (member, "UserId") if key in end}
            else:
                record[_OF_RECORDS[kind]] = end[member]
            records.append(record)
        text.changed.add(number)
        return


# --- network ACLs ---------------------------------------------------------------------------------------------


def _lists(held: list[_Text], options: Mapping[str, str]) -> Iterator[list[Json]]:
    for text, number, records in _records(held, "NetworkAcls"):
        for record in _objects(records):
            if record.get("NetworkAclId") == options["--network-acl-id"] and isinstance(record.get("Entries"), list):
                text.changed.add(number)
                yield record["Entries"]


def _create_entry(held: list[_Text], options: Mapping[str, str]) -> None:
    entry: Json = {
        "Egress": "--egress" in options,
        "Protocol": options["--protocol"],
        "RuleAction": options["--rule-action"],
        "RuleNumber": int(options["--rule-number"]),
    }
    names = {"--cidr-block": "CidrBlock", "--ipv6-cidr-block": "Ipv6CidrBlock"}
    entry |= {name: options[option] for option, name in names.items() if option in options}
    for option, name in (("--port-range", "PortRange"), ("--icmp-type-code", "IcmpTypeCode")):
        if option in options:
            entry[name] = {
                key: int(value) for key, _, value in (one.partition("=") for one in options[option].split(","))
            }
    for entries in _lists(held, options):
        entries.append(dict(entry))


def _delete_entry(held: list[_Text], options: Mapping[str, str]) -> None:
    number, outbound = options["--rule-number"], "--egress" in options
    for entries in _lists(held, options):
        entries[:] = [one for one in entries if not _is_entry(one, number, outbound)]


def _is_entry(one: object, number: str, outbound: bool) -> bool:
    return isinstance(one, dict) and str(one.get("RuleNumber")) == number and one.get("Egress") is outbound


_ACTIONS: Mapping[str, Callable[[list[_Text], Mapping[str, str]], None]] = {
    "authorize-security-group-ingress": _permit(False),
    "authorize-security-group-egress": _permit(True),
    "revoke-security-group-ingress": _revoke(False),
    "revoke-security-group-egress": _revoke(True),
    "create-network-acl-entry": _create_entry,
    "delete-network-acl-entry": _delete_entry,
}
