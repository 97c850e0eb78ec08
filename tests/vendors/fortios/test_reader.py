"""The FortiOS reader on the model itself, and on hostile input. What packets do is in `cases/`."""

from __future__ import annotations

import hashlib
from random import Random

import pytest

from secaudit.network.device import Device, DoubtKind, Plane
from secaudit.network.filters import Action, Certainty
from secaudit.network.matches import ANY_SERVICE, TCP, UNMARKED, Service
from secaudit.text.config_text import ConfigText
from secaudit.text.source import SourceLine
from secaudit.vendors.fortios import READER
from secaudit.vendors.fortios.coverage import vocabulary
from secaudit.vendors.fortios.grammar import parse, tokens
from secaudit.vendors.fortios.services import compact, outside, predefined
from secaudit.vendors.reader import ReadConfig

HEADER = "#config-version=FG100F-7.2.8-FW-build1639-240313:opmode=0:vdom=0:user=admin"
PORTS = """
config system interface
    edit "port1"
        set vdom "root"
        set ip 10.1.1.254 255.255.255.0
        set type physical
    next
    edit "port2"
        set vdom "root"
        set ip 10.2.2.254 255.255.255.0
        set type physical
    next
end
"""
POLICY = """
config firewall policy
    edit 1
        set srcintf "port1"
        set dstintf "port2"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "HTTPS"
    next
end
"""


def text_of(content: str, name: str = "fw.conf") -> ConfigText:
    lines = tuple(SourceLine(name, number, line) for number, line in enumerate(content.split("\n"), 1))
    data = content.encode()
    return ConfigText(name, lines, "UTF-8", len(data), hashlib.sha256(data).hexdigest())


def read(content: str) -> ReadConfig:
    text = text_of(content)
    config = READER.read(text)
    unread = [one.line.number for one in config.coverage.unread]
    told = sorted([*config.coverage.used, *config.coverage.irrelevant, *unread])
    assert told == [line.number for line in text.lines], "every line is in exactly one class"
    return config


def device_of(content: str) -> Device:
    devices = read(content).devices
    assert len(devices) == 1
    return devices[0]


def unread_texts(config: ReadConfig) -> list[str]:
    return [one.line.text.strip() for one in config.coverage.unread]


class TestGrammar:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('set member "a b" c', ("set", "member", "a b", "c")),
            (r'set comment "say \"hi\""', ("set", "comment", 'say "hi"')),
            ("set image-base64 ''", ("set", "image-base64", "")),
            ("set name 'a \"b'", ("set", "name", 'a "b')),
            ('set open "never closed', None),
        ],
    )
    def test_tokens(self, text: str, words: tuple[str, ...] | None) -> None:
        assert tokens(text) == words

    def test_a_reopened_table_continues(self) -> None:
        root = parse(text_of("config a\nedit 1\nset x 1\nnext\nend\nconfig a\nedit 1\nset y 2\nnext\nend").lines).root
        assert {name: s.value for name, s in root.sections["a"].entries["1"].settings.items()} == {"x": "1", "y": "2"}

    def test_append_and_unset(self) -> None:
        root = parse(text_of("config a\nset m 1\nappend m 2 3\nset n 4\nunset n\nend").lines).root
        section = root.sections["a"]
        assert section.values("m") == ("1", "2", "3")
        assert [line.number for line in section.lines_of("m")] == [2, 3]
        assert section.get("n", "default") == "default"

    def test_a_setting_given_twice_leaves_the_first_unread(self) -> None:
        """The device never prints that: two entries may have run together."""
        lines = HEADER + PORTS + POLICY.replace('        set service "HTTPS"\n', '        set service "SSH"\n' * 2)
        config = read(lines)
        assert unread_texts(config) == ['set service "SSH"']
        (line,) = config.devices[0].filters["policy"].lines[-1:]
        assert line.certainty is Certainty.UNCERTAIN

    def test_settings_outside_an_entry_are_unread(self) -> None:
        config = read(HEADER + PORTS + POLICY.replace("    edit 1\n", "    editt 1\n"))
        texts = unread_texts(config)
        assert "editt 1" in texts
        assert 'set srcaddr "all"' in texts
        assert {doubt.kind for doubt in config.devices[0].doubts} == {DoubtKind.UNREAD}
        assert all(doubt.plane is Plane.TRAFFIC for doubt in config.devices[0].doubts)


class TestServices:
    def test_compact_joins_ports(self) -> None:
        parts = (Service(((TCP, TCP),), ((80, 80),)), Service(((TCP, TCP),), ((81, 90),)))
        assert compact(parts) == (Service(((TCP, TCP),), ((80, 90),)),)

    def test_outside_of_everything_is_nothing(self) -> None:
        assert outside((ANY_SERVICE,)) == ()

    def test_outside_twice_is_the_same_set(self) -> None:
        https = predefined()["HTTPS"]
        assert outside(outside(https)) == https

    def test_predefined_services_have_the_well_known_ports(self) -> None:
        assert predefined()["HTTPS"] == (Service(((TCP, TCP),), ((443, 443),)),)
        assert predefined()["RSH"] == (Service(((TCP, TCP),), ((514, 514),), ((512, 1023),)),)
        assert predefined()["ALL"] == (ANY_SERVICE,)


class TestModel:
    def test_policy_line(self) -> None:
        device = device_of(HEADER + PORTS + POLICY.replace("set schedule", "set logtraffic all\n        set schedule"))
        policy = device.filters["policy"]
        line = policy.lines[-1]
        assert (line.label, line.action, line.certainty, line.logged) == (
            "policy 1",
            Action.PERMIT,
            Certainty.ALWAYS,
            True,
        )
        assert (line.ingress, line.egress) == (frozenset({"port1"}), frozenset({"port2"}))
        assert [match.family for match in line.matches] == [4]
        assert (policy.default, policy.stateful, policy.default_logged) == (Action.DENY, True, False)
        texts = [source.text.strip() for source in line.sources]
        assert texts[0] == "edit 1"
        assert 'set service "HTTPS"' in texts

    def test_disabled_policies_are_kept_apart(self) -> None:
        device = device_of(
            HEADER + PORTS + POLICY.replace("set action accept", "set action accept\n        set status disable")
        )
        policy = device.filters["policy"]
        assert [line.label for line in policy.disabled] == ["policy 1"]
        assert not any(line.label == "policy 1" for line in policy.lines)

    def test_identity_and_name(self) -> None:
        device = device_of(HEADER + '\nconfig system global\n    set hostname "FW-01"\nend' + PORTS)
        assert (device.name, device.model, device.version) == ("FW-01", "FG100F", "7.2.8")
        assert [line.number for line in device.identity] == [1, 3]

    def test_a_file_without_hostname_is_named_after_the_file(self) -> None:
        assert device_of(HEADER + PORTS).name == "fw"

    def test_backup_of_one_vdom(self) -> None:
        device = device_of(HEADER + "\n#global_vdom=0:vd_name=LGWAN/root" + PORTS + POLICY)
        assert device.name == "fw/LGWAN"

    def test_vip_marks_are_unique_and_policies_use_them(self) -> None:
        vips = "config firewall vip\n" + "".join(
            f'edit "v{n}"\nset extip 203.0.113.{n}\nset mappedip "10.2.2.{n}"\nset extintf "port1"\nnext\n'
            for n in (1, 2)
        )
        device = device_of(HEADER + PORTS + vips + "end" + POLICY.replace('set dstaddr "all"', 'set dstaddr "v2"'))
        assert [rule.mark for rule in device.nat_rules] == [1, 2]
        line = device.filters["policy"].lines[-1]
        assert [match.marks for match in line.matches] == [((2, 2),)]

    def test_ordinary_accept_policies_surely_match_untranslated_packets_only(self) -> None:
        vip = 'config firewall vip\nedit "v"\nset extip 203.0.113.1\nset mappedip "10.2.2.1"\nset extintf "port1"\nnext\nend'
        device = device_of(HEADER + PORTS + vip + POLICY)
        sure, doubtful = device.filters["policy"].lines[-2:]
        assert [match.marks for match in sure.matches] == [UNMARKED]
        assert (sure.certainty, doubtful.certainty) == (Certainty.ALWAYS, Certainty.UNCERTAIN)
        assert doubtful.doubt is not None

    def test_overlapping_vips_are_uncertain(self) -> None:
        vips = "config firewall vip\n" + "".join(
            f'edit "v{n}"\nset extip 203.0.113.1\nset mappedip "10.2.2.{n}"\nset extintf "any"\nnext\n' for n in (1, 2)
        )
        device = device_of(HEADER + PORTS + vips + "end")
        assert all(rule.uncertain is not None for rule in device.nat_rules)

    @pytest.mark.parametrize(
        "table",
        ["firewall policy46", "firewall policy64", "firewall proxy-policy", "firewall security-policy",
         "firewall central-nat", "system virtual-wire-pair", "firewall multicast-policy"],
    )  # fmt: skip
    def test_tables_that_are_not_modelled(self, table: str) -> None:
        content = HEADER + PORTS + f'\nconfig {table}\n    edit 7\n        set srcintf "port1"\n    next\nend'
        (doubt,) = device_of(content).doubts
        assert (doubt.kind, doubt.plane) == (DoubtKind.UNSUPPORTED, Plane.TRAFFIC)
        assert [line.text.strip() for line in doubt.sources] == ["edit 7", 'set srcintf "port1"']
        assert device_of(HEADER + PORTS + f"\nconfig {table}\nend").doubts == ()

    @pytest.mark.parametrize("setting", ["opmode transparent", "ngfw-mode policy-based", "asymroute enable"])
    def test_modes_that_are_not_modelled(self, setting: str) -> None:
        (doubt,) = device_of(HEADER + PORTS + f"\nconfig system settings\n    set {setting}\nend").doubts
        assert (doubt.kind, doubt.interfaces) == (DoubtKind.UNSUPPORTED, None)
        assert [line.text.strip() for line in doubt.sources] == [f"set {setting}"]

    def test_an_unread_interface_setting_concerns_that_interface(self) -> None:
        config = read(HEADER + PORTS.replace("set type physical", "set wormhole enable", 1))
        (doubt,) = config.devices[0].doubts
        assert (doubt.kind, doubt.interfaces) == (DoubtKind.UNREAD, frozenset({"port1"}))
        assert unread_texts(config) == ["set wormhole enable"]

    def test_a_local_in_policy_without_services_is_uncertain_and_touches_nothing_that_is_forwarded(self) -> None:
        content = (
            HEADER
            + PORTS
            + '\nconfig firewall local-in-policy\nedit 1\nset intf "port1"\nset schedule "always"\nnext\nend'
        )
        device = device_of(content)
        assert device.doubts == ()
        assert device.local_in == ("local-in policies", "local in")
        (line,) = device.filters["local-in policies"].lines
        assert (line.action, line.certainty, line.ingress) == (Action.DENY, Certainty.UNCERTAIN, frozenset({"port1"}))

    def test_an_address_that_cannot_be_read_is_unread_and_uncertain(self) -> None:
        address = 'config firewall address\nedit "odd"\nset subnet 10.2.2.0 255.0.255.0\nnext\nend'
        config = read(HEADER + PORTS + address + POLICY.replace('set dstaddr "all"', 'set dstaddr "odd"'))
        assert unread_texts(config) == ["set subnet 10.2.2.0 255.0.255.0"]
        assert config.devices[0].filters["policy"].lines[-1].certainty is Certainty.UNCERTAIN

    def test_irrelevant_lines_have_a_reason_in_both_languages(self) -> None:
        config = read(HEADER + PORTS + "\nconfig webfilter profile\n    edit 1\n        set x y\n    next\nend")
        assert config.coverage.irrelevant
        assert all(reason.ja and reason.en for reason in config.coverage.irrelevant.values())


class TestVdomLinks:
    def test_both_ends_name_each_other(self) -> None:
        config = read(
            "config vdom\nedit root\nnext\nedit b\nnext\nend\nconfig global\nconfig system interface\n"
            'edit "vl0"\nset vdom "root"\nset type vdom-link\nnext\nedit "vl1"\nset vdom "b"\nset type vdom-link\nnext\n'
            'edit "npu0_vlink0"\nset vdom "root"\nnext\nedit "port0"\nset vdom "root"\nnext\nedit "port1"\nset vdom "b"\nnext\n'
            "end\nend\n"
        )
        peers = {one.name: one.peer for device in config.devices for one in device.interfaces.values()}
        assert peers == {"vl0": "vl1", "vl1": "vl0", "npu0_vlink0": None, "port0": None, "port1": None}


class TestManagement:
    def test_services_that_no_interface_lists_are_off_with_the_identity_as_evidence(self) -> None:
        services = {service.name: service for service in device_of(HEADER + PORTS).management.services}
        assert set(services) == {"telnet", "ssh", "http", "https", "snmp"}
        assert all(not service.enabled and service.by_default for service in services.values())
        assert [line.number for line in services["telnet"].sources] == [1]

    def test_trusted_hosts_restrict_only_when_every_administrator_has_them(self) -> None:
        access = PORTS.replace("set type physical", "set allowaccess ssh\n        set type physical", 1)
        admin = "config system admin\nedit a\nset trusthost1 10.1.1.0 255.255.255.0\nnext\n{}end"
        for more, restricted in (("", True), ("edit b\nnext\n", False)):
            device = device_of(HEADER + access + admin.format(more))
            ssh = next(service for service in device.management.services if service.name == "ssh")
            assert (ssh.enabled, ssh.interfaces, ssh.restricted) == (True, frozenset({"port1"}), restricted)

    def test_telnet_can_be_switched_off_for_the_whole_device(self) -> None:
        access = PORTS.replace("set type physical", "set allowaccess telnet\n        set type physical", 1)
        device = device_of(HEADER + access + "\nconfig system global\n    set admin-telnet disable\nend")
        telnet = next(service for service in device.management.services if service.name == "telnet")
        assert not telnet.enabled
        assert "admin-telnet" in telnet.sources[0].text


class TestScore:
    def test_a_backup(self) -> None:
        assert READER.score(text_of(HEADER + PORTS + POLICY)) == 100

    def test_without_header(self) -> None:
        assert 40 <= READER.score(text_of(PORTS + POLICY)) < 100

    def test_another_product_with_the_same_frame(self) -> None:
        switch = "#config-version=S124EN-7.2.5-FW-build453:opmode=0:vdom=0\nconfig system global\nend" + PORTS
        assert READER.score(text_of(switch)) <= 10

    @pytest.mark.parametrize("content", ["", "hostname R1\ninterface Gi0/1\n ip address 10.0.0.1 255.0.0.0\nend"])
    def test_something_else(self, content: str) -> None:
        assert READER.score(text_of(content)) <= 5


class TestHostile:
    @pytest.mark.parametrize(
        "content", ["", "\n\n", "end\nend\nnext", "set x y", "edit 1", "config", 'set x "', "\x00"]
    )
    def test_odd_fragments(self, content: str) -> None:
        read(content)

    def test_unbalanced_end(self) -> None:
        config = read(HEADER + PORTS + POLICY + "end\nend")
        assert unread_texts(config) == ["end", "end"]
        assert {doubt.kind for doubt in config.devices[0].doubts} == {DoubtKind.UNREAD}

    @pytest.mark.parametrize("cut", range(3, 30))
    def test_a_file_cut_anywhere_is_truncated(self, cut: int) -> None:
        """Wherever a block is open at the end of the file, the device is in doubt."""
        lines = (HEADER + PORTS + POLICY).split("\n")[:cut]
        open_blocks = 0
        for line in lines:
            words = line.split()
            if words[:1] == ["config"]:
                open_blocks += 1
            elif words == ["end"]:
                open_blocks -= 1
        kinds = {doubt.kind for doubt in device_of("\n".join(lines)).doubts}
        assert (DoubtKind.TRUNCATED in kinds) == (open_blocks > 0)

    def test_a_quote_that_never_closes_hides_nothing(self) -> None:
        config = read(HEADER + PORTS + 'config firewall policy\nedit 1\nset comments "open' + POLICY.replace('"', ""))
        assert 'set comments "open' in unread_texts(config)
        assert DoubtKind.TRUNCATED in {doubt.kind for doubt in config.devices[0].doubts}

    def test_garbage_is_read_in_seconds(self) -> None:
        lines = [f"xx garbage {number} \"' set" for number in range(200_000)]
        config = READER.read(text_of("\n".join([HEADER, *lines])))
        assert len(config.coverage.unread) == 200_000

    def test_deep_nesting(self) -> None:
        config = read("\n".join(["config a"] * 50_000))
        assert DoubtKind.TRUNCATED in {doubt.kind for doubt in config.devices[0].doubts}

    def test_a_long_chain_of_groups(self) -> None:
        groups = "\n".join(f'edit "g{n}"\nset member "g{n + 1}"\nnext' for n in range(5_000))
        content = (
            HEADER + PORTS + f"config firewall addrgrp\n{groups}\nend" + POLICY.replace('dstaddr "all"', 'dstaddr "g0"')
        )
        line = device_of(content).filters["policy"].lines[-1]
        assert line.certainty is Certainty.UNCERTAIN

    def test_thousands_of_overlapping_vips(self) -> None:
        vips = "\n".join(f"edit v{n}\nset extip 203.0.113.1\nset mappedip 10.2.2.2\nnext" for n in range(6_000))
        device = device_of(HEADER + PORTS + f"config firewall vip\n{vips}\nend")
        assert all(rule.uncertain is not None for rule in device.nat_rules)
        assert DoubtKind.UNSUPPORTED in {doubt.kind for doubt in device.doubts}

    def test_the_rest_of_a_masked_key_is_no_statement(self) -> None:
        content = (
            'config vpn certificate local\nedit a\nset private-key ********\nMIIabc\n-----END KEY-----"\nnext\nend'
        )
        config = read(HEADER + PORTS + content)
        assert unread_texts(config) == []


class TestFullConfiguration:
    def test_empty_values_say_nothing(self) -> None:
        """`show full-configuration` prints empty settings; they are no condition and no name."""
        extra = "set srcaddr6 ''\n        set dstaddr6 ''\n        set groups ''\n        set users ''\n        set vlan-filter ''\n"
        extra += (
            "        set tos-mask 0x00\n        set ztna-status disable\n        set reputation-minimum 0\n        "
        )
        plain = device_of(HEADER + PORTS + POLICY).filters["policy"].lines[-1]
        full = (
            device_of(HEADER + PORTS + POLICY.replace("set schedule", extra + "set schedule"))
            .filters["policy"]
            .lines[-1]
        )
        assert (full.matches, full.certainty) == (plain.matches, Certainty.ALWAYS)

    def test_vocabulary_has_no_path_that_is_both_read_and_unsupported(self) -> None:
        words = vocabulary()
        assert not words.read.keys() & words.unsupported.keys()

    @pytest.mark.parametrize("path", ["system ipsec-aggregate", "firewall policy", "router static", "system zone"])
    def test_sections_that_decide_are_never_ignored(self, path: str) -> None:
        assert vocabulary().reason_to_ignore(path) is None


def test_moves_are_those_of_a_list() -> None:
    """Random `move` statements between new entries, against the same on a plain list."""
    random = Random("moves")
    for _ in range(60):
        order: list[str] = []
        lines = ["config firewall policy"]
        for number in range(1, random.randrange(3, 12)):
            lines += [f"    edit {number}", "    next"]
            order.append(str(number))
            for _ in range(random.randrange(3)):
                name, other = random.choice(order), random.choice(order)
                where = random.choice(("before", "after"))
                lines.append(f"    move {name} {where} {other}")
                if name != other:
                    order.remove(name)
                    order.insert(order.index(other) + (where == "after"), name)
        table = parse(text_of("\n".join((*lines, "end"))).lines).root.section("firewall policy")
        assert list(table.entries) == order
        assert all(" move " in one.text for one in table.garbage)


def test_parts_of_aggregates_and_switches_name_what_they_are_part_of() -> None:
    found = device_of(
        'config system interface\nedit "agg"\nset type aggregate\nset member "port1" "port2"\nnext\n'
        'edit "port1"\nset type physical\nnext\nedit "port2"\nset type physical\nnext\n'
        'edit "port3"\nset type physical\nnext\nedit "soft"\nset type switch\nnext\n'
        'edit "internal1"\nset type physical\nnext\nedit "lan"\nset type hard-switch\nnext\nend\n'
        'config system switch-interface\nedit "soft"\nset member "port3"\nnext\nend\n'
        'config system virtual-switch\nedit "lan"\nconfig port\nedit "internal1"\nnext\nend\nnext\nend\n'
    )
    parts = {name: interface.member_of for name, interface in found.interfaces.items() if interface.member_of}
    assert parts == {"port1": "agg", "port2": "agg", "port3": "soft", "internal1": "lan"}


@pytest.mark.parametrize(
    ("release", "backup"),
    [("6.4.14", [True, False]), ("7.0.12", [False, False]), ("7.2.8", [False, False]), ("9.0.0", [False, False])],
)
def test_the_priority_of_a_route_that_tells_none_is_that_of_the_release(release: str, backup: list[bool]) -> None:
    """0 up to 6.4, 1 from 7.2 on; where either may hold, a route of priority 1 is as good as one that tells none."""
    found = device_of(
        HEADER.replace("7.2.8", release) + PORTS + "config router static\n"
        'edit 1\nset dst 10.9.0.0 255.255.0.0\nset gateway 10.1.1.1\nset priority 1\nset device "port1"\nnext\n'
        'edit 2\nset dst 10.9.0.0 255.255.0.0\nset gateway 10.2.2.1\nset device "port2"\nnext\nend\n'
    )
    (route,) = found.routes
    assert [hop.backup for hop in route.next_hops] == backup


@pytest.mark.parametrize(("release", "sure"), [("6.2.16", False), ("6.4.14", True), ("7.4.9", True), ("9.0.0", False)])
def test_redirection_of_ipv6_is_not_confirmed_where_the_references_do_not_have_it(release: str, sure: bool) -> None:
    six = PORTS.replace(
        "        set type physical\n",
        "        set type physical\n        config ipv6\n            set ip6-address 2001:db8::1/64\n        end\n",
        1,
    )
    lines = device_of(HEADER.replace("7.2.8", release) + six).filters["policy"].lines
    found = [one.certainty for one in lines if one.label == "ipv6-allow-traffic-redirect port1"]
    assert (Certainty.ALWAYS in found) is sure and Certainty.UNCERTAIN in found


@pytest.mark.parametrize(("release", "ends"), [("7.2.8", 1), ("7.4.8", 1), ("", 1)])
def test_ssl_vpn_counts_as_on_where_nothing_is_confirmed(release: str, ends: int) -> None:
    text = 'config system interface\nedit "ssl.root"\nset type tunnel\nnext\nend\nconfig vpn ssl settings\nset source-interface "port1"\nend\n'
    header = HEADER.replace("7.2.8", release) + "\n" if release else ""
    assert len([one for one in device_of(header + text).interfaces.values() if one.tunnel is not None]) == ends
