"""What cases cannot say of the algorithms of AWS's tunnels: what the rules make of them, hostile values, evidence that is taken away, the book of lines."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from secaudit.network.tunnels import Proposal
from secaudit.rules.context import RuleContext
from secaudit.rules.kinds.tunnel import KIND
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import NOT_STATED, NOT_UNDERSTOOD, Outcome, RuleResult
from secaudit.rules.rule import Rule
from secaudit.text.decoding import config_text_from_bytes
from secaudit.vendors.aws import READER
from secaudit.vendors.aws.tunnel_options import _IN_TERRAFORM, _table
from secaudit.vendors.reader import ReadConfig
from tests.rules.world import base_world, context_of
from tests.vendors.cases import texts_of

CASES = Path(__file__).with_name("cases")
ASKED = KIND.parse({
    "weak_encryption": ["null", "des", "3des", "rc4"], "weak_integrity": ["null", "md5", "sha1"],
    "least_key_bits": 128, "least_hash_bits": 256, "least_group": 14, "least_ike": 2,
})  # fmt: skip
"""As PHY-09 and NW-20 ask."""
MODE = KIND.parse({"aggressive_permitted": False})
"""As HD-24 asks."""
STRONG: Mapping[str, Any] = {
    "IkeVersions": ["ikev2"],
    "Phase1EncryptionAlgorithms": ["AES256", "AES256-GCM-16"],
    "Phase1IntegrityAlgorithms": ["SHA2-256"],
    "Phase1DHGroupNumbers": [14, 20],
    "Phase2EncryptionAlgorithms": ["AES128"],
    "Phase2IntegrityAlgorithms": ["SHA2-384", "SHA2-512"],
    "Phase2DHGroupNumbers": [20],
}
ODD: tuple[Any, ...] = (
    None, "", "x", 7, True, 1e9, [], {}, [None], [[]], [{}], ["x"], [{"Value": None}], [{"Value": True}], [{"Value": 2.5}], [{"Value": []}], {"Value": "AES256"},
    [{"Value": "AES256", "Other": {"Value": "ikev2"}}, {"Value": "AES257"}], [{"Value": "aes256"}], [{"Value": "9" * 3000}],
)  # fmt: skip


def tunnel(**options: Any) -> dict[str, Any]:
    """A tunnel as AWS tells it; of lists the plain values are given."""
    return {"OutsideIpAddress": "198.51.100.10", "PreSharedKey": "NeverShownKey1"} | {
        option: [{"Value": one} for one in values] for option, values in options.items()
    }


def answers(*connections: Any) -> list[dict[str, Any]]:
    """A virtual private gateway with connections, each told by its tunnels, or by whatever its options are."""
    told = [
        {"VpnConnectionId": f"vpn-0a00000{number}", "VpnGatewayId": "vgw-0a000001", "State": "available"}
        | {"Options": {"TunnelOptions": one} if isinstance(one, list) else one}
        for number, one in enumerate(connections)
    ]
    return [
        {"VpnGateways": [{"VpnGatewayId": "vgw-0a000001", "VpcAttachments": []}]},
        {"directConnectGatewayAssociations": []},
        {"virtualInterfaces": []},
        {"VpnConnections": told},
    ]


def read(documents: Any) -> ReadConfig:
    text = "\n".join(json.dumps(one, indent=1) for one in documents)
    return READER.read(config_text_from_bytes(text.encode(), "configs/aws.json"))


def offered(found: ReadConfig) -> list[Proposal]:
    """The proposals of all tunnels, without their lines."""
    ends = [port.tunnel for device in found.devices for port in device.interfaces.values() if port.tunnel is not None]
    return [dataclasses.replace(one, sources=()) for end in ends for one in end.proposals or ()]


@cache
def world() -> tuple[Rule, RuleContext]:
    """Any rule, and whatever else a rule is asked with."""
    return load_ruleset().rules[0], context_of(base_world())


def judged(found: ReadConfig, asked: Any = ASKED) -> RuleResult:
    """What the rule says of the gateway."""
    (gateway,) = (one for one in found.devices if "/vgw-" in one.name)
    rule, context = world()
    (result,) = KIND.check(rule, asked, dataclasses.replace(context, devices={gateway.name: gateway}))
    return result


@pytest.mark.parametrize(
    ("case", "outcome", "reason"),
    [
        ("vpn_tunnels_strong", Outcome.PASS, "algorithms_as_asked"),
        ("vpn_tunnels_not_chosen", Outcome.FAIL, "weak_algorithm"),
        ("vpn_tunnels_second_weak", Outcome.FAIL, "weak_algorithm"),
        ("vpn_tunnels_word_not_known", Outcome.UNDETERMINED, NOT_UNDERSTOOD),
        ("vpn_tunnels_wrong_types", Outcome.UNDETERMINED, NOT_UNDERSTOOD),
        ("vpn_tunnels_not_told", Outcome.UNDETERMINED, NOT_UNDERSTOOD),
        ("terraform_vpn", Outcome.FAIL, "weak_algorithm"),
    ],
)
def test_what_the_rule_says_of_the_cases(case: str, outcome: Outcome, reason: str) -> None:
    (text,) = texts_of(CASES / f"{case}.conf")
    result = judged(READER.read(text))
    assert (result.outcome, result.reason) == (outcome, reason)
    assert result.evidence


def test_the_evidence_of_a_weak_algorithm_is_its_line() -> None:
    (text,) = texts_of(CASES / "vpn_tunnels_second_weak.conf")
    (weak,) = (line.number for line in text.lines if '"SHA1"' in line.text)
    result = judged(READER.read(text))
    assert weak in {one.line for one in result.evidence}
    assert [fact.en for fact in result.facts] == ["Phase 2 accepts integrity sha1."]


@pytest.mark.parametrize("options", [{}, {"TunnelOptions": None}, {"TunnelOptions": ""}, None, ""])
def test_what_no_line_tells_a_statement_may_tell(options: Any) -> None:
    found = read(answers(options))
    assert [(one.phase, one.silent) for one in offered(found)] == [(1, True), (2, True)]
    assert judged(found).reason == NOT_STATED


def test_a_tunnel_that_was_lost_is_no_tunnel_that_nobody_tells() -> None:
    result = judged(read(answers([tunnel(**STRONG)])))
    assert (result.outcome, result.reason) == (Outcome.UNDETERMINED, NOT_UNDERSTOOD)


def test_more_tunnels_than_there_can_be_are_not_believed() -> None:
    result = judged(read(answers([tunnel(**STRONG)] * 5000)))
    assert (result.outcome, result.reason) == (Outcome.UNDETERMINED, NOT_UNDERSTOOD)


def test_ikev1_is_in_main_mode() -> None:
    options = {**STRONG, "IkeVersions": ["ikev1", "ikev2"]}
    found = read(answers([tunnel(**options), tunnel(**STRONG)]))
    first = [one for one in offered(found) if one.phase == 1]
    assert [(one.ike, one.aggressive) for one in first] == [(1, False), (2, None), (2, None)]
    assert judged(found, MODE).outcome is Outcome.PASS
    assert judged(found).outcome is Outcome.FAIL


def test_a_word_that_is_not_known_hides_no_weak_one_beside_it() -> None:
    options = {**STRONG, "Phase2IntegrityAlgorithms": ["SHA1", "SHA3-256"]}
    assert judged(read(answers([tunnel(**STRONG), tunnel(**options)]))).outcome is Outcome.FAIL


@pytest.mark.parametrize("option", STRONG)
@pytest.mark.parametrize("number", [0, 1])
def test_no_odd_value_passes(option: str, number: int) -> None:
    whole = [tunnel(**STRONG), tunnel(**STRONG)]
    assert judged(read(answers(whole))).outcome is Outcome.PASS
    for value in ODD:
        if value in (None, "", []) and option.endswith("EncryptionAlgorithms"):
            continue  # whatever AWS encrypts with by default is strong
        changed = deepcopy(whole)
        changed[number][option] = value
        assert judged(read(answers(changed))).outcome is not Outcome.PASS, value


def test_more_values_than_there_can_be_are_not_believed() -> None:
    many = tunnel(**STRONG) | {"Phase1DHGroupNumbers": [{"Value": 14}] * 5000}
    assert judged(read(answers([tunnel(**STRONG), many]))).outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize("value", ODD)
def test_odd_tunnels_and_options_do_not_pass(value: Any) -> None:
    for connection in ([tunnel(**STRONG), value], value):
        assert judged(read(answers(connection))).outcome is not Outcome.PASS


def without_one_option() -> Iterator[list[dict[str, Any]]]:
    whole = [tunnel(**STRONG), tunnel(**STRONG)]
    for number in (0, 1):
        yield [one for at, one in enumerate(whole) if at != number]
        for option in STRONG:
            if not option.endswith("EncryptionAlgorithms"):  # whatever AWS encrypts with by default is strong
                rest = deepcopy(whole)
                del rest[number][option]
                yield rest


def test_evidence_that_is_taken_away_makes_no_pass() -> None:
    for rest in without_one_option():
        assert judged(read(answers(rest))).outcome is not Outcome.PASS


def test_aes_gcm_alone_needs_no_algorithm_for_integrity() -> None:
    gcm = {
        option: values
        for option, values in STRONG.items()
        if not option.endswith("IntegrityAlgorithms") and not option.endswith("EncryptionAlgorithms")
    }
    whole = tunnel(**gcm, Phase1EncryptionAlgorithms=["AES128-GCM-16"], Phase2EncryptionAlgorithms=["AES256-GCM-16"])
    assert judged(read(answers([whole, whole]))).outcome is Outcome.PASS
    mixed = tunnel(**gcm, Phase1EncryptionAlgorithms=["AES128-GCM-16"], Phase2EncryptionAlgorithms=["AES256-GCM-16", "AES256"])  # fmt: skip
    assert judged(read(answers([whole, mixed]))).outcome is Outcome.FAIL


def resource(type_: str, **values: Any) -> dict[str, Any]:
    return {"address": f"{type_}.x", "mode": "managed", "type": type_, "name": "x", "values": values}


def in_terraform(*tunnels: Mapping[str, Any], **more: Any) -> list[dict[str, Any]]:
    told = {
        f"tunnel{number}_{_IN_TERRAFORM[option]}": values
        for number, one in enumerate(tunnels, 1)
        for option, values in one.items()
    }
    connection = {"id": "vpn-0a000000", "vpn_gateway_id": "vgw-0a000001", "transit_gateway_id": None} | told | more
    gateway = resource("aws_vpn_gateway", id="vgw-0a000001", vpc_id="")
    resources = [gateway, resource("aws_vpn_connection", **connection)]
    return [{"format_version": "1.0", "values": {"root_module": {"resources": resources}}}]


def test_terraform_tells_the_same() -> None:
    weak = {**STRONG, "Phase1DHGroupNumbers": [2, 24], "Phase2IntegrityAlgorithms": ["SHA1"]}
    for first, second in ((STRONG, STRONG), (STRONG, weak), ({**STRONG, "IkeVersions": ["ikev3"]}, STRONG)):
        told = [offered(read(in_terraform(first, second))), offered(read(answers([tunnel(**first), tunnel(**second)])))]
        assert told[0] == told[1]
    nothing: dict[str, Any] = dict.fromkeys(STRONG)
    assert offered(read(in_terraform(nothing, nothing))) == offered(read(answers([tunnel(), tunnel()])))
    empty: dict[str, Any] = {key: [] for key in STRONG}
    assert offered(read(in_terraform(empty, empty))) == offered(read(answers([tunnel(), tunnel()])))


@pytest.mark.parametrize("option", STRONG)
def test_what_terraform_knows_only_after_apply_is_not_told(option: str) -> None:
    rest = {key: value for key, value in STRONG.items() if key != option}
    whole, lacking = (offered(read(in_terraform(STRONG, one))) for one in (STRONG, rest))
    assert not any(one.silent for one in whole)
    different = [one for one in lacking if one not in whole]
    assert different and all(one.silent for one in different)


def test_connections_outside_of_terraform_may_be_there() -> None:
    lines: list[dict[str, Any]] = [{"directConnectGatewayAssociations": []}, {"virtualInterfaces": []}]
    found = read([*in_terraform(STRONG, STRONG), *lines])
    (gateway,) = (one for one in found.devices if "/vgw-" in one.name)
    assert {"vpn-0a000000", "lines-not-submitted"} == set(gateway.interfaces)
    assert (judged(found).outcome, judged(found).reason) == (Outcome.UNDETERMINED, "unread_lines")


def test_a_gateway_whose_connections_were_not_submitted_is_not_one_without_tunnels() -> None:
    whole = answers([tunnel(**STRONG), tunnel(**STRONG)])
    assert judged(read(whole)).outcome is Outcome.PASS
    assert judged(read(answers())).outcome is Outcome.NOT_APPLICABLE
    result = judged(read([one for one in whole if "VpnConnections" not in one]))
    assert (result.outcome, result.reason) == (Outcome.UNDETERMINED, "unread_lines")
    assert any("describe-vpn-connections" in fact.en for fact in result.facts)


def test_a_connection_that_belongs_to_nothing_is_a_doubt() -> None:
    found = read(in_terraform(STRONG, STRONG, vpn_gateway_id=None))
    assert any(doubt.kind.value == "unread" for device in found.devices for doubt in device.doubts)


def test_the_transit_gateway_of_a_connection_may_have_any_route_table() -> None:
    hub = {"vpn_gateway_id": None, "transit_gateway_id": "tgw-0a000001"}
    found = read(in_terraform(STRONG, STRONG, **hub))
    (device,) = (one for one in found.devices if "/tgw-" in one.name)
    (port,) = (one for one in device.interfaces.values() if one.tunnel is not None)
    assert port.tunnel is not None and port.tunnel.proposals
    assert any("which route table is associated" in doubt.text.en for doubt in device.doubts)


def test_every_default_is_a_word_that_is_known() -> None:
    table = _table()
    assert table.defaults.keys() == STRONG.keys() == _IN_TERRAFORM.keys()
    for option, words in table.defaults.items():
        known = next(
            held
            for end, held in (
                ("EncryptionAlgorithms", table.encryption),
                ("IntegrityAlgorithms", table.integrity),
                ("DHGroupNumbers", table.groups),
                ("IkeVersions", table.versions),
            )
            if option.endswith(end)
        )
        assert set(words) <= known.keys(), option
    assert set(table.versions.values()) - table.aggressive.keys() == {2}


def test_lines_that_are_read_are_used_and_the_others_have_a_reason() -> None:
    (text,) = texts_of(CASES / "vpn_tunnels_strong.conf")
    coverage = READER.read(text).coverage
    read_, aside = set(), set()
    for line in text.lines:
        name = line.text.strip().split('"')[1] if '"' in line.text else ""
        if name in STRONG or name in ("OutsideIpAddress", "Value", "TunnelOptions"):
            read_.add(line.number)
        if name in ("PreSharedKey", "TunnelInsideCidr", "Phase1LifetimeSeconds", "LogEnabled", "StaticRoutesOnly"):
            aside.add(line.number)
    assert len(read_) > 25 and read_ <= coverage.used
    assert len(aside) > 6 and aside <= coverage.irrelevant.keys()


def test_pre_shared_keys_are_nowhere() -> None:
    for case in ("vpn_tunnels_strong", "terraform_vpn"):
        assert "NeverShown" in (CASES / f"{case}.conf").read_text(encoding="utf-8")
        (text,) = texts_of(CASES / f"{case}.conf")
        assert "NeverShown" not in repr(READER.read(text))
