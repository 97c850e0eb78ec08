"""AWS's answers in an audit folder: what they prove of two zones, and what they no longer prove when one of them is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.soundness.folders import Network, network

ACCOUNTS = Path(__file__).with_name("cases") / "two_accounts"
ZONES = """\
devices:
  - {name: gcloud, vendor: aws, role: cloud, zones: [], file: configs/hub.json}
zones:
  my_number: {subnets: [10.10.1.0/24]}
  lgwan: {subnets: [10.20.1.0/24]}
"""


def answers() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(ACCOUNTS.iterdir())}


def without(files: dict[str, str], *kinds: str) -> dict[str, str]:
    """The answers but for some kinds."""
    result = {}
    for name, text in files.items():
        documents: list[dict[str, Any]] = json.loads("[" + text.replace("\n}\n{", "\n},\n{") + "]")
        kept = [one for one in documents if not any(kind in one for kind in kinds)]
        if kept:
            result[name] = "\n".join(json.dumps(one, indent=4) for one in kept)
    return result


def closed(files: dict[str, str]) -> dict[str, str]:
    """With a transit gateway that has no route to the My Number network."""
    routes = json.loads(files["tgw-rtb-0a000001.json"])
    routes["Routes"] = [one for one in routes["Routes"] if one["DestinationCidrBlock"] != "10.10.0.0/16"]
    return {**files, "tgw-rtb-0a000001.json": json.dumps(routes, indent=4)}


def audited(folder: Path, files: dict[str, str]) -> Network:
    return network(folder, files, ZONES)


def test_what_gets_from_one_network_to_the_other(tmp_path: Path) -> None:
    found = audited(tmp_path, answers())
    assert sorted(found.devices) == ["gcloud/tgw-0a000001", "gcloud/vpc-0a000001", "gcloud/vpc-0a000002"]
    assert found.verdict("my_number", "lgwan") == "flow"
    assert found.verdict("lgwan", "my_number") == "flow"


def test_what_the_transit_gateway_does_not_route_is_separate(tmp_path: Path) -> None:
    assert audited(tmp_path, closed(answers())).verdict("lgwan", "my_number") == "none"


@pytest.mark.parametrize(
    "kind",
    [
        "NetworkInterfaces",
        "SecurityGroups",
        "NetworkAcls",
        "RouteTables",
        "Subnets",
        "TransitGatewayAttachments",
        "Vpcs",
    ],
)
def test_no_answer_can_be_left_out_to_get_a_separation(tmp_path: Path, kind: str) -> None:
    assert audited(tmp_path, without(answers(), kind)).verdict("lgwan", "my_number") != "none"


def test_routes_of_the_transit_gateway_cannot_be_left_out(tmp_path: Path) -> None:
    files = answers()
    del files["tgw-rtb-0a000001.json"]
    assert audited(tmp_path, files).verdict("lgwan", "my_number") == "undetermined"


def test_a_subnet_of_which_not_all_hosts_were_submitted_is_not_separate(tmp_path: Path) -> None:
    """Its groups would deny everything else, but they are the groups of one host."""
    files = {
        name: text.replace('"AvailableIpAddressCount": 250', '"AvailableIpAddressCount": 249')
        for name, text in answers().items()
    }
    found = audited(tmp_path, files)
    assert found.verdict("my_number", "lgwan") == "flow"
    possible = found.flows.pair("my_number", "lgwan").possible
    certain = found.flows.pair("my_number", "lgwan").certain
    assert not (possible - certain).is_empty
