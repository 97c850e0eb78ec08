"""A word that is not known, in the place of one that made a rule fail, never makes the rule pass: the line may still say what it said."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import pytest

from secaudit.network.device import Device
from secaudit.rules.context import RuleContext
from secaudit.rules.loader import load_ruleset
from secaudit.rules.result import Outcome
from secaudit.text.decoding import config_text_from_bytes
from tests.rules.world import base_world, context_of
from tests.vendors.cases import readers

HERE = Path(__file__).parent


@cache
def context() -> RuleContext:
    return context_of(base_world())


def outcomes(rule_id: str, devices: tuple[Device, ...]) -> set[Outcome]:
    """What the first question of a rule comes to, for devices that are asked alone."""
    rule = load_ruleset().rule(rule_id)
    check = next(one for one in rule.checks if one.kind.name in ("device_setting", "layer2", "tunnel"))
    found = set()
    for device in devices:
        alone = dataclasses.replace(context(), devices={device.name: device})
        found |= {one.outcome for one in check.kind.check(rule, check.parameters, alone)}
    return found


@pytest.mark.parametrize(
    ("rule", "case", "said", "instead"),
    [
        ("HD-03-TELNET", "yamaha/security_class", "telnetd host lan", "telnetd host xyzzy"),
        ("HD-23", "yamaha/routing_without_keys", "ip lan2 ospf area", "ip lan2 ospf xyzzy"),
        ("HD-23", "yamaha/routing_authenticated", "bgp neighbor 2 ", "bgp xyzzy 2 "),
        ("HD-24", "juniper_srx/algorithms_of_tunnels", "ike policy OLD mode", "ike policy OLD xyzzy"),
        ("HD-24", "juniper_srx/algorithms_of_tunnels", "ike policy OLD mode", "ike xyzzy OLD mode"),
        ("PHY-09", "juniper_srx/algorithms_of_tunnels", "ipsec vpn B bind", "ipsec xyzzy B bind"),
        ("HD-24", "cisco_asa/algorithms_of_tunnels", "set ikev1 phase1-mode", "set ikev1 xyzzy"),
        ("HD-24", "cisco_asa/algorithms_of_tunnels", "phase1-mode aggressive", "phase1-mode xyzzy"),
        ("HD-24", "nec_ix/ike_aggressive_for_callers", " mode aggressive", " xyzzy aggressive"),
        ("HD-24", "nec_ix/two_policies_for_one_end", "policy one peer", "policy one xyzzy"),
        ("HD-13", "fortios/own_protection_by_lines", "config system snmp user", "config system snmp xyzzy"),
        ("HD-09", "fortios/own_protection_by_lines", "override enable", "override xyzzy"),
        ("HD-09", "fortios/own_protection_by_lines", 'set accprofile "watch"', "set accprofile xyzzy"),
        ("HD-03-TELNET", "fortios/management_plane", "set allowaccess ping telnet", "set xyzzy ping telnet"),
        ("HD-13", "panos/management_profile", "access-setting version v2c", "access-setting xyzzy v2c"),
    ],
)
def test_a_word_that_is_not_known_never_passes(rule: str, case: str, said: str, instead: str) -> None:
    vendor, name = case.split("/")
    text = (HERE / vendor / "cases" / f"{name}.conf").read_text(encoding="utf-8")
    assert said in text
    told = [
        outcomes(rule, readers()[vendor].read(config_text_from_bytes(one.encode(), "configs/a.conf")).devices)
        for one in (text, text.replace(said, instead))
    ]
    assert told[0] & {Outcome.FAIL, Outcome.UNDETERMINED}
    assert told[1] & {Outcome.FAIL, Outcome.UNDETERMINED}, told
