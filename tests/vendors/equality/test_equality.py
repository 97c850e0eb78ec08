"""Three vendors' texts of one policy mean the same packets: an oracle for the readers that no reader's author wrote.

A random abstract policy is printed as FortiOS, Cisco IOS (in several styles) and YAMAHA, read back, and the permitted packets must be
one and the same node of the diagrams, which must also be the set built straight from the policy; an evaluator of the policy
that walks its lines one concrete packet at a time must agree at the corners of every bound.

`SECAUDIT_EQUALITY_ROUNDS=20 pytest tests/vendors/equality` looks at twenty times as many policies.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from random import Random

import pytest

from secaudit.flows.modes import Mode
from secaudit.network.matches import Family
from secaudit.packets.diagrams import EMPTY
from secaudit.packets.space import HeaderSpace
from tests.vendors.equality.alaxala import AlaxalaWriter
from tests.vendors.equality.cisco_asa import STYLES as ASA_STYLES
from tests.vendors.equality.cisco_asa import AsaWriter
from tests.vendors.equality.cisco_ios import STYLES, CiscoWriter
from tests.vendors.equality.fortios import FortiosWriter
from tests.vendors.equality.juniper_srx import STYLES as JUNOS_STYLES
from tests.vendors.equality.juniper_srx import JuniperWriter
from tests.vendors.equality.nec_ix import NecIxWriter
from tests.vendors.equality.policies import (
    ANY_SERVICE,
    TCP,
    UDP,
    Policy,
    PolicyMaker,
    Rule,
    Service,
    near_misses,
    smaller,
)
from tests.vendors.equality.reading import device_of, meant, opening, permitted, read
from tests.vendors.equality.rewriting import CAREFUL, ENCODINGS, EXACT, padded
from tests.vendors.equality.sampling import corner_packets
from tests.vendors.equality.written import Written
from tests.vendors.equality.yamaha import YamahaWriter

ROUNDS = int(os.environ.get("SECAUDIT_EQUALITY_ROUNDS", "1"))
FAMILIES: tuple[Family, Family] = (4, 6)
_OF_ONE_STYLE = {
    "alaxala": AlaxalaWriter,
    "fortios": FortiosWriter,
    "nec_ix": NecIxWriter,
    "yamaha": YamahaWriter,
}
_OF_STYLES = ((ASA_STYLES, AsaWriter), (JUNOS_STYLES, JuniperWriter))
WRITERS = (*_OF_ONE_STYLE, *ASA_STYLES, *JUNOS_STYLES, *STYLES)
_IPV4_ONLY = ("numbered", "object groups", "zone firewall")


def write(policy: Policy, writer: str, seed: str) -> Written:
    """One text; the same seed gives the same choices of style."""
    random = Random(f"{writer} {seed}")
    if writer in _OF_ONE_STYLE:
        return _OF_ONE_STYLE[writer](policy, random).write()
    of_styles = next((made for styles, made in _OF_STYLES if writer in styles), CiscoWriter)
    return of_styles(policy, random, writer).write()


def writers(family: Family) -> Iterator[str]:
    return (writer for writer in WRITERS if family == 4 or writer not in _IPV4_ONLY)


def a_policy(family: Family, seed: str, most_rules: int = 8) -> Policy:
    random = Random(f"policy {family} {seed}")
    return PolicyMaker(random, family).policy(random.randrange(1, most_rules + 1))


def wrong(
    space: HeaderSpace,
    policy: Policy,
    written: Written,
    data: bytes | None = None,
    meaning: Callable[[HeaderSpace, Policy], int] = meant,
) -> str:
    """What is wrong with what was read; empty when nothing is."""
    out = read(space, written, data)
    found = list(out.complaints)
    whole = meaning(space, policy)
    wanted = space.intersection(whole, space.opening)
    for question, node in (("certain", out.certain), ("possible", out.possible)):
        if space.difference(node, wanted) != EMPTY:
            found.append(f"{question}: permits more than the policy")
        if space.difference(wanted, node) != EMPTY:
            found.append(f"{question}: permits less than the policy")
    if out.stateless is not None and not found and out.stateless != (whole, whole):
        found.append("packets that open no connection are decided otherwise")
    return "; ".join(found)


def smallest(space: HeaderSpace, policy: Policy, writer: str, seed: str) -> str:
    """The failure again, with as little of the policy as it needs, for the message."""
    policy = smaller(policy, lambda one: bool(wrong(space, one, write(one, writer, seed))))
    written = write(policy, writer, seed)
    rules = "\n".join(map(str, policy.rules))
    return f"{writer} ({written.style}): {wrong(space, policy, written)}\n{rules}\ndefault {policy.default}\n{written.text}"


@pytest.mark.parametrize(("family", "count"), [(4, 36), (6, 24)])
def test_all_vendors_read_the_same_packets(family: Family, count: int) -> None:
    for number in range(count * ROUNDS):
        seed = str(number)
        policy = a_policy(family, seed)
        space = HeaderSpace(family)
        wanted = meant(space, policy)
        for packet in corner_packets(policy, Random(seed), 100):
            permits = policy.permits(packet)
            assert space.contains(wanted, space.packet_values(packet)) is permits, f"{packet} in {policy}"
        for writer in writers(family):
            written = write(policy, writer, seed)
            assert not wrong(space, policy, written), smallest(space, policy, writer, seed)


def test_standard_lists_of_cisco_ios() -> None:
    """Sources only, so every vendor can say it."""
    everywhere = ((0, 2**32 - 1),)
    for number in range(20 * ROUNDS):
        policy = a_policy(4, f"standard {number}", 6)
        rules = tuple(Rule(rule.permit, rule.sources, everywhere, (ANY_SERVICE,)) for rule in policy.rules)
        policy = Policy(4, rules, policy.default)
        space = HeaderSpace(4)
        for writer in ("standard", "yamaha", "fortios"):
            written = write(policy, writer, str(number))
            assert not wrong(space, policy, written), smallest(space, policy, writer, str(number))


def test_the_other_address_family_is_untouched() -> None:
    """A table of policies denies the family that none of them names; a list of one family says nothing about the other.

    A Cisco router that does not route IPv6 at all drops it whatever its lists say.
    """
    for number in range(10 * ROUNDS):
        for family, other in zip(FAMILIES, FAMILIES[::-1], strict=True):
            policy = a_policy(family, f"other {number}", 4)
            space = HeaderSpace(other)
            for writer in writers(family):
                written = write(policy, writer, str(number))
                device, _ = device_of(written)
                routed = written.vendor != "cisco_ios" or other == 4 or "ipv6 unicast-routing" in written.lines
                wanted = space.valid if written.direction and routed else EMPTY
                for mode in (Mode.CERTAIN, Mode.POSSIBLE):
                    assert permitted(space, device, written, mode) == wanted, written.text


def test_negated_services_of_fortios() -> None:
    """`service-negate`: every packet outside the services, of whatever protocol."""
    for number in range(20 * ROUNDS):
        policy = a_policy(4, f"negated {number}", 5)
        random = Random(number)
        rules = tuple(
            Rule(rule.permit, rule.sources, rule.destinations, rule.services, negated=True)
            if ANY_SERVICE not in rule.services and random.random() < 0.6
            else rule
            for rule in policy.rules
        )
        policy = Policy(4, rules, policy.default)
        space = HeaderSpace(4)
        for packet in corner_packets(policy, random, 60):
            assert space.contains(meant(space, policy), space.packet_values(packet)) is policy.permits(packet)
        written = write(policy, "fortios", str(number))
        assert not wrong(space, policy, written), smallest(space, policy, "fortios", str(number))


def test_ports_with_the_star_protocol_of_yamaha() -> None:
    """`pass * * * * 80` compares ports for TCP and UDP and passes every other protocol whole."""
    everywhere = ((0, 2**32 - 1),)
    ports = ((80, 80), (8000, 8010))
    others = tuple(Service(number) for number in range(256) if number not in (TCP, UDP))
    services = (Service(TCP, ports), Service(UDP, ports), *others)
    policy = Policy(4, (Rule(True, everywhere, everywhere, services),), default=False)
    interfaces = ("# RTX1210 Rev.14.01.42", "ip lan1 address 10.1.0.1/16", "ip lan2 address 10.2.0.1/16")
    lines = (*interfaces, "ip lan1 secure filter in 5", "ip filter 5 pass * * * * www,8000-8010")
    space = HeaderSpace(4)
    assert not wrong(space, policy, Written("yamaha", "star", 4, lines, "lan1", "lan2", "in"))
    # Protocol 0 means every protocol to FortiOS, and nobody knows what to IOS.
    policy = Policy(4, (Rule(True, everywhere, everywhere, services[:2] + others[1:]),), default=False)
    for writer in ("fortios", "object groups"):
        assert not wrong(space, policy, write(policy, writer, "star"))


def test_a_long_filter_set_of_yamaha() -> None:
    """A set may hold 1001 numbers of one direction, many more than a list at an interface (command reference 8.1.11)."""
    first = 10 << 24 | 1 << 16
    numbers = range(1, 1002, 2)
    sources = tuple((first + number, first + number) for number in numbers)
    policy = Policy(4, (Rule(True, sources, ((0, 2**32 - 1),), (ANY_SERVICE,)),), default=False)
    lines = ["# RTX1210 Rev.14.01.42", "ip lan1 address 10.1.0.1/16", "ip lan2 address 10.2.0.1/16"]
    lines += [f"ip filter {number} pass 10.1.{number // 256}.{number % 256} *" for number in numbers]
    lines += [f"ip filter set Long in {' '.join(map(str, numbers))}", "ip lan1 secure filter name Long"]
    written = Written("yamaha", "set", 4, tuple(lines), "lan1", "lan2", "in")
    assert not wrong(HeaderSpace(4), policy, written)


# --- rewrites ---------------------------------------------------------------------------------------------


def rewritable(family: Family, count: int) -> Iterator[tuple[HeaderSpace, Policy, Written, Random]]:
    for number in range(count * ROUNDS):
        policy = a_policy(family, f"rewrite {number}", 5)
        space = HeaderSpace(family)
        for writer in writers(family):
            yield space, policy, write(policy, writer, str(number)), Random(number)


@pytest.mark.parametrize(("family", "count"), [(4, 6), (6, 4)])
def test_rewrites_that_change_nothing(family: Family, count: int) -> None:
    for space, policy, written, random in rewritable(family, count):
        several = written
        for rewrite in EXACT[written.vendor]:
            other = rewrite(written, random)
            assert not wrong(space, policy, other), f"{other.style}\n{other.text}"
            if rewrite is not padded and random.random() < 0.5:
                several = rewrite(several, random)
        assert not wrong(space, policy, several), f"{several.style}\n{several.text}"


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_encodings_and_line_ends(encoding: str) -> None:
    for space, policy, written, _ in rewritable(4, 3):
        assert not wrong(space, policy, written, ENCODINGS[encoding](written.text)), f"{encoding}\n{written.text}"


@pytest.mark.parametrize(("family", "count"), [(4, 8), (6, 4)])
def test_what_a_terminal_destroyed_is_mended_or_told(family: Family, count: int) -> None:
    """Never a wrong set without a word: the reader finds the same packets, or says that it is not sure."""
    same = told = 0
    for space, policy, written, random in rewritable(family, count):
        for rewrite in CAREFUL:
            other = rewrite(written, random)
            complaints = read(space, other).complaints
            assert complaints or not wrong(space, policy, other), f"{other.style}\n{other.text}"
            same += not complaints
            told += bool(complaints)
    assert same > told > 0


# --- the check checks itself ------------------------------------------------------------------------------


def simple_policy(family: Family, seed: str) -> Policy:
    """One line and the opposite for the rest, so that hardly a bound is without effect."""
    rule = a_policy(family, seed, 1).rules[0]
    return Policy(family, (rule,), default=not rule.permit)


def test_one_moved_bound_is_seen() -> None:
    """A policy with one address or port moved by one: every vendor's set moves with it, exactly when it should."""
    changed = total = 0
    for number in range(9 * ROUNDS):
        family: Family = 4 if number % 4 else 6
        policy = simple_policy(family, f"near {number}")
        random = Random(number)
        space = HeaderSpace(family)
        before = meant(space, policy)
        moved = list(near_misses(policy, random))
        for other in random.sample(moved, min(4, len(moved))):
            after = meant(space, other)
            total += 1
            changed += after != before
            for writer in writers(family):
                written = write(other, writer, str(number))
                assert not wrong(space, other, written), smallest(space, other, writer, str(number))
                visible = space.valid if written.direction else opening(space)
                moves = space.intersection(before, visible) != space.intersection(after, visible)
                assert bool(wrong(space, policy, written)) is moves
    assert changed > 0.8 * total, f"only {changed} of {total} moved bounds change the policy"


def test_one_changed_number_in_the_text_is_seen() -> None:
    """The texts themselves, one port or length of a rule changed: most changes must show, or the comparison looks at nothing.

    Not all do: bits behind a mask mean nothing, and a block may be within another.
    """
    seen = total = 0
    for number in range(40 * ROUNDS):
        policy = simple_policy(4, f"text {number}")
        random = Random(number)
        space = HeaderSpace(4)
        for writer in writers(4):
            written = write(policy, writer, str(number))
            places = [
                (index, place)
                for index, line in enumerate(written.lines)
                for place, number_ in enumerate(re.finditer(r"\d+", line))
                if decides(line) and 20 < int(number_[0]) < 60000 and number_.start() > 15
            ]
            if not places:
                continue
            index, place = random.choice(places)
            number_ = list(re.finditer(r"\d+", written.lines[index]))[place]
            line = written.lines[index]
            line = f"{line[: number_.start()]}{int(number_[0]) + 1}{line[number_.end() :]}"
            changed = written.with_lines([*written.lines[:index], line, *written.lines[index + 1 :]], "changed")
            total += 1
            seen += bool(wrong(space, policy, changed))
    assert total > 80 * ROUNDS
    assert seen > 0.7 * total, f"only {seen} of {total} changed numbers were seen"


def decides(line: str) -> bool:
    """Whether numbers of a line are ports or addresses of a rule that is surely in force."""
    words = set(line.split())
    values = {"permit", "deny", "tcp-portrange", "udp-portrange", "pass", "reject", "subnet", "start-ip", "end-ip"}
    values |= {"destination-port", "source-address", "destination-address", "range-address"}
    return bool(words & values) and not words & {"remark", "comments"}
