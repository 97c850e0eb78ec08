"""Repairs of an audit folder with AWS's answers in several files: proved by replaying the lines on them, and by auditing what comes out."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from secaudit.audit.preparation import prepare_folder
from secaudit.audit.repairs import Repair, RepairAnswer, repair_pair
from secaudit.network.changes import AddFilter, InsertDeny
from secaudit.network.intervals import ANY_IPV4, ANY_IPV6
from secaudit.network.matches import ANY_PACKET, Match, Service
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.aws.reader import read_together
from secaudit.vendors.aws.repair_commands import WRITER
from secaudit.vendors.commands import NotSaidError, apply_commands
from tests.soundness.folders import AS_OF, write_folder
from tests.vendors.aws.test_audit import ZONES, answers, audited

GOLDEN = Path(__file__).parents[1] / "commands" / "golden" / "aws"
REGISTERED = """\
devices:
  - {name: gcloud, vendor: aws, role: cloud, zones: [], file: configs/hub.json}
zones:
  my_number: {subnets: [10.10.1.0/24]}
  specific_destination: {subnets: [10.20.1.0/24]}
register:
  - id: TK-001
    title: eLTAX
    condition: S1
    system: eltax
    destination_class: 2
    from: my_number
    to: specific_destination
    sources: [10.10.1.10]
    destinations: [10.20.1.20/32]
    protocol: tcp
    ports: [443]
    mac_addresses: ["00-00-5E-00-53-01"]
    required: true
    approved_by: 情報政策課長
    approved_on: 2026-04-01
    valid_until: 2027-03-31
"""
INBOUND = "security groups inbound"


def answer_for(folder: Path, files: dict[str, str], source: str, destination: str, zones: str = ZONES) -> RepairAnswer:
    return repair_pair(prepare_folder(write_folder(folder, files, zones)), source, destination, AS_OF, 5)


def proved(answer: RepairAnswer) -> Repair:
    assert answer.repair is not None, answer.refused
    assert answer.repair.unsaid is None
    assert answer.repair.proof.read_back
    assert not answer.repair.proof.still_possible
    return answer.repair


def repaired(files: dict[str, str], repair: Repair) -> dict[str, str]:
    """The files after the commands of a repair, in the order in which an audit reads them."""
    names, texts = sorted(files), tuple(files[name] for name in sorted(files))
    for one in repair.commands:
        texts = apply_commands(texts, one)
    return dict(zip(names, texts, strict=True))


@pytest.mark.parametrize(("source", "destination"), [("my_number", "lgwan"), ("lgwan", "my_number")])
def test_a_repair_of_several_files_is_proved(tmp_path: Path, source: str, destination: str) -> None:
    files = answers()
    repair = proved(answer_for(tmp_path / "before", files, source, destination))
    changed = repaired(files, repair)
    assert [name for name in files if changed[name] != files[name]] in (["account-1.json"], ["account-2.json"])
    after = audited(tmp_path / "after", changed)
    assert after.verdict(source, destination) == "none"
    assert after.verdict(destination, source) == "flow"


def test_many_ranges_are_one_entry_of_the_network_acl(tmp_path: Path) -> None:
    """The group permits 10.0.0.0/8; without one host that would be 24 ranges."""
    repair = proved(answer_for(tmp_path, answers(), "my_number", "lgwan"))
    (commands,) = repair.commands
    (line,) = commands.lines
    assert line.startswith("aws ec2 create-network-acl-entry --network-acl-id acl-0a000001 --egress --rule-number 50 ")


def test_a_group_is_narrowed_before_a_network_acl_is_touched(tmp_path: Path) -> None:
    """Groups remember connections: no reply can be stopped by mistake."""
    files = answers()
    files["account-2.json"] = files["account-2.json"].replace('"CidrIp": "10.0.0.0/8"', '"CidrIp": "10.10.1.0/28"')
    repair = proved(answer_for(tmp_path / "before", files, "my_number", "lgwan"))
    (commands,) = repair.commands
    actions = [shlex.split(line)[2] for line in commands.lines]
    assert actions == ["authorize-security-group-ingress", "revoke-security-group-ingress"]
    (entry,) = json.loads(shlex.split(commands.lines[0])[-1])
    ranges = {one["CidrIp"] for one in entry["IpRanges"]}
    assert ranges == {"10.10.1.0/29", "10.10.1.8/31", "10.10.1.11/32", "10.10.1.12/30"}
    assert audited(tmp_path / "after", repaired(files, repair)).verdict("my_number", "lgwan") == "none"


def test_what_is_required_stays_permitted(tmp_path: Path) -> None:
    """Of eleven ports one is registered: it has a rule of its own before the old rule goes."""
    files = answers()
    wide = files["account-2.json"].replace('"CidrIp": "10.0.0.0/8"', '"CidrIp": "10.10.1.10/32"')
    files["account-2.json"] = wide.replace('"FromPort": 443', '"FromPort": 440').replace(
        '"ToPort": 443', '"ToPort": 450'
    )
    answer = answer_for(tmp_path / "before", files, "my_number", "specific_destination", REGISTERED)
    assert answer.boxes == ("10.10.1.10 → 10.20.1.20 tcp/440-442,444-450",)
    repair = proved(answer)
    (commands,) = repair.commands
    added, gone = (json.loads(shlex.split(line)[-1])[0] for line in commands.lines)
    assert (added["FromPort"], added["ToPort"]) == (443, 443)
    assert (gone["FromPort"], gone["ToPort"]) == (440, 450)
    again = answer_for(tmp_path / "after", repaired(files, repair), "my_number", "specific_destination", REGISTERED)
    assert (again.boxes, again.repair) == ((), None)


def test_terraform_is_told_what_to_change(tmp_path: Path) -> None:
    """No command is printed; the change is proved on the model, and the sentence names the resource."""
    case = (Path(__file__).with_name("cases") / "terraform_rule_resources.conf").read_text(encoding="utf-8")
    zones = """\
    devices:
      - {name: gcloud, vendor: aws, role: cloud, zones: [], file: configs/show.json}
    zones:
      my_number: {subnets: [10.10.1.0/24]}
      lgwan: {subnets: [10.10.2.0/24]}
    """
    answer = answer_for(tmp_path, {"show.json": case}, "my_number", "lgwan", zones)
    assert answer.repair is not None, answer.refused
    assert not answer.repair.commands
    assert answer.repair.unsaid is not None
    assert "aws_" in answer.repair.unsaid.en
    assert "Terraform" in answer.repair.unsaid.ja


def test_what_two_files_say_is_changed_in_both(tmp_path: Path) -> None:
    """A second copy of an answer would contradict the first one else."""
    files = answers()
    files["copy.json"] = files["account-1.json"]
    repair = proved(answer_for(tmp_path, files, "my_number", "lgwan"))
    changed = repaired(files, repair)
    assert changed["copy.json"] == changed["account-1.json"] != files["account-1.json"]


def test_the_text_around_the_answers_stays() -> None:
    text = (
        '$ aws ec2 describe-network-acls\n{"NetworkAcls": [{"NetworkAclId": "acl-0a000001", "Entries": []}]}\n$ exit\n'
    )
    line = (
        "aws ec2 create-network-acl-entry --network-acl-id acl-0a000001 --ingress --rule-number 5 --protocol 6 "
        "--rule-action deny --cidr-block 10.0.0.0/8 --port-range From=1,To=2"
    )
    first, *_, last = WRITER.typed_behind(text, [line]).splitlines()
    assert (first, last) == ("$ aws ec2 describe-network-acls", "$ exit")
    assert WRITER.typed_behind(text, []) == text


def test_what_is_no_record_is_left_alone() -> None:
    """Lists with anything in them: the lines change what they name and nothing else."""
    junk = [None, 5, "x", [], {}]
    entry = {
        "IpProtocol": "tcp",
        "FromPort": 1,
        "ToPort": 2,
        "IpRanges": [*junk, {"CidrIp": "10.0.0.0/8"}],
        "Ipv6Ranges": 7,
    }
    group = {"GroupId": "sg-0a000001", "IpPermissions": [*junk, entry]}
    acl = {"NetworkAclId": "acl-0a000001", "Entries": [*junk, {"RuleNumber": 5, "Egress": True}]}
    rule = {
        "GroupId": "sg-0a000001",
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 1,
        "ToPort": 2,
        "CidrIpv4": "10.0.0.0/8",
    }
    text = json.dumps(
        {"SecurityGroups": [*junk, group], "NetworkAcls": [*junk, acl], "SecurityGroupRules": [*junk, rule]}
    )
    ends = '[{"IpProtocol":"tcp","FromPort":1,"ToPort":2,"IpRanges":[{"CidrIp":"10.0.0.0/8"}]}]'
    lines = [
        f"aws ec2 revoke-security-group-ingress --group-id sg-0a000001 --ip-permissions '{ends}'",
        "aws ec2 delete-network-acl-entry --network-acl-id acl-0a000001 --egress --rule-number 5",
    ]
    after = json.loads(WRITER.typed_behind(text, lines))
    assert after["SecurityGroups"] == [*junk, {**group, "IpPermissions": [*junk, {**entry, "IpRanges": junk}]}]
    assert after["NetworkAcls"] == [*junk, {**acl, "Entries": junk}]
    assert after["SecurityGroupRules"] == junk


# --- what is not said -----------------------------------------------------------------------------------------


def said_no(content: str, change: InsertDeny | AddFilter) -> str:
    text = config_text_from_bytes(content.encode(), "aws.json")
    (read,) = read_together([text])
    with pytest.raises(NotSaidError) as error:
        WRITER.commands(read.devices[0], [change], text)
    assert error.value.text.ja
    return error.value.text.en


def insertion(content: str, match: Match, label: str = "tcp/22 10.10.1.0/24") -> InsertDeny:
    text = config_text_from_bytes(content.encode(), "aws.json")
    device = read_together([text])[0].devices[0]
    lines = device.filters[INBOUND].lines
    place = next(place for place, line in enumerate(lines) if line.label == label)
    return InsertDeny(device.name, INBOUND, place, (match,), None, "subnet-0a0000b1")


SSH = Match(4, ((0x0A0A0100, 0x0A0A01FF),), ((0x0A0A0214, 0x0A0A0214),), (Service(((6, 6),), ((22, 22),)),))


def by_hand() -> str:
    return (GOLDEN / "by_hand.conf").read_text(encoding="utf-8")


def test_a_file_that_is_cut_is_not_replayed() -> None:
    content = by_hand()
    change = insertion(content, SSH)
    assert "cut off" in said_no(content + '{"NatGateways": [', change)


def test_ids_that_are_none_of_aws_get_into_no_line() -> None:
    content = by_hand().replace("sg-0a0000b1", "--dry-run;$(id)")
    assert "id is none" in said_no(content, insertion(content, SSH))


def test_a_group_that_was_not_submitted_is_not_replaced() -> None:
    content = by_hand()
    change = insertion(content, SSH)
    content = content.replace(
        '"GroupId": "sg-0a0000b1",\n            "GroupName": "servers"', '"GroupId": "sg-0a0000ee"'
    )
    assert "not submitted" in said_no(content, change)


def test_both_families_of_a_group_that_a_rule_names_go_together() -> None:
    """Only one of them cannot be excepted; both are the rule as a whole."""
    content = by_hand().replace('"Ipv6Addresses": []', '"Ipv6Addresses": [{"Ipv6Address": "2001:db8:10:1::10"}]', 1)
    label = "udp/53 sg-0a0000a1"
    dns = (Service(((17, 17),), ((53, 53),)),)
    four = insertion(content, Match(4, ANY_IPV4, SSH.destinations, dns), label)
    assert "some addresses alone" in said_no(content, four)
    host = 0x20010DB8001000020000000000000020
    both = (*four.matches, Match(6, ANY_IPV6, ((host, host),), dns))
    text = config_text_from_bytes(content.encode(), "aws.json")
    device = read_together([text])[0].devices[0]
    change = InsertDeny(device.name, INBOUND, four.position, both, None, "subnet-0a0000b1")
    (line,) = WRITER.commands(device, [change], text).lines
    assert shlex.split(line)[2] == "revoke-security-group-ingress"


def test_a_gateway_has_no_list() -> None:
    assert "look at the routes" in said_no(
        by_hand(), AddFilter("111122223333/vpc-0a000001", "pcx-0a000001", ANY_PACKET)
    )


def test_hosts_that_were_not_submitted_have_groups_that_nobody_knows() -> None:
    """Their addresses are among those to be stopped, so no known group does it."""
    content = by_hand().replace(
        '"CidrBlock": "10.10.2.0/24",\n            "AvailableIpAddressCount": 249',
        '"CidrBlock": "10.10.2.0/24",\n            "AvailableIpAddressCount": 248',
    )
    subnet = Match(4, SSH.sources, ((0x0A0A0200, 0x0A0A02FF),), SSH.services)
    assert "not all network interfaces" in said_no(content, insertion(content, subnet))


def test_a_group_that_gets_large_has_a_note() -> None:
    """Old and new rules are there together for a while."""
    many = ",".join(f'{{"CidrIp": "192.0.2.{number}/32"}}' for number in range(60))
    content = by_hand().replace(
        '{\n                            "CidrIp": "10.10.1.0/24",\n                            "Desc',
        many + ',{"CidrIp": "10.10.1.0/24", "Desc',
        1,
    )
    text = config_text_from_bytes(content.encode(), "aws.json")
    device = read_together([text])[0].devices[0]
    commands = WRITER.commands(device, [insertion(content, HALF)], text)
    assert any("more than the usual quota of 60" in note.en for note in commands.notes)


HALF = Match(4, ((0x0A0A0100, 0x0A0A017F),), SSH.destinations, SSH.services)
SHELL = "aws() { printf '%s\\n' \"$@\"; }\n"
"""A shell in which `aws` prints its arguments."""


@pytest.mark.skipif(shutil.which("sh") is None, reason="no POSIX shell")
@pytest.mark.parametrize(
    ("description", "kept"),
    [
        ("$(touch ran); touch ran & {touch,ran} #!* (x)", True),
        ('\'; touch ran; echo "$(touch ran)`touch ran`" \\ \n--profile x', False),
        ("夜間作業", False),
    ],
)
def test_a_hostile_description_is_inert_in_a_shell(tmp_path: Path, description: str, kept: bool) -> None:
    """The arguments are what was meant, and nothing else runs. What AWS itself would refuse is no description of its own."""
    content = by_hand().replace(json.dumps("night work; $(reboot) & {x} #1"), json.dumps(description))
    assert json.dumps(description) in content
    text = config_text_from_bytes(content.encode(), "aws.json")
    device = read_together([text])[0].devices[0]
    line = WRITER.commands(device, [insertion(content, HALF)], text).lines[0]
    assert line.isascii()
    assert line.isprintable()
    done = subprocess.run(["sh", "-c", SHELL + line], cwd=tmp_path, capture_output=True, text=True, check=True)
    *head, argument = done.stdout.splitlines()
    assert head == ["ec2", "authorize-security-group-ingress", "--group-id", "sg-0a0000b1", "--ip-permissions"]
    (entry,) = json.loads(argument)
    assert entry["IpRanges"] == [{"CidrIp": "10.10.1.128/25"} | ({"Description": description} if kept else {})]
    assert not list(tmp_path.iterdir())
