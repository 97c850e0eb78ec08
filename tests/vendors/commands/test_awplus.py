"""Random changes of random policies of AlliedWare Plus: the commands read back as the changed model."""

from __future__ import annotations

from random import Random

import pytest

from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import NotSaidError
from tests.vendors.commands.reading_back import FAMILIES, READERS, Spaces, commands_for, text_of, wrong
from tests.vendors.commands.test_random import changes_of, report
from tests.vendors.equality.awplus import STYLES
from tests.vendors.equality.test_awplus import write
from tests.vendors.equality.test_equality import ROUNDS, a_policy

LEAST_SHARE = {"named": 0.3, "numbered": 0.4, "sequence numbers": 0.7, "vlan map": 0.2, "firewall": 0.6}


@pytest.mark.parametrize("style", STYLES)
def test_commands_read_back_as_the_changed_model(style: str) -> None:
    said: list[bool] = []
    for family in FAMILIES:
        for number in range(15 * ROUNDS):
            spaces: Spaces = {one: HeaderSpace(one) for one in FAMILIES}
            random = Random(f"commands awplus {family} {style} {number}")
            written = write(a_policy(family, f"commands {number}"), style, f"commands {number}")
            text = text_of(written.text, "awplus")
            (device,) = READERS["awplus"].read(text).devices
            found = changes_of(random, device, written)
            for changes in ([one] for one in found):
                try:
                    commands = commands_for(device, changes, text)
                except NotSaidError as error:
                    said.append(False)
                    assert error.text.ja and error.text.en
                    continue
                said.append(True)
                message = wrong(spaces, written.text, device, changes, commands)
                assert not message, report(message, written, changes, commands)
            try:
                commands = commands_for(device, found, text)
            except NotSaidError:
                continue
            message = wrong(spaces, written.text, device, found, commands)
            assert not message, report(message, written, found, commands)
    assert sum(said) / len(said) > LEAST_SHARE[style], (style, sum(said), len(said))
