"""Random changes of NX-OS lists: what the writer says reads back as the changed model, and what it cannot say it refuses."""

from __future__ import annotations

from random import Random

import pytest

from secaudit.network.matches import Family
from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import NotSaidError
from tests.vendors.commands.reading_back import FAMILIES, READERS, Spaces, commands_for, text_of, wrong
from tests.vendors.commands.test_random import changes_of, report
from tests.vendors.equality.cisco_nxos import NxosWriter
from tests.vendors.equality.test_equality import ROUNDS, a_policy


@pytest.mark.parametrize("family", [4, 6])
def test_commands_read_back_as_the_changed_model(family: Family) -> None:
    said: list[bool] = []
    for number in range(40 * ROUNDS):
        random = Random(f"nxos commands {family} {number}")
        written = NxosWriter(a_policy(family, f"nxos commands {number}"), random).write()
        text = text_of(written.text, written.vendor)
        (device,) = READERS[written.vendor].read(text).devices
        spaces: Spaces = {one: HeaderSpace(one) for one in FAMILIES}
        for change in changes_of(random, device, written):
            try:
                commands = commands_for(device, [change], text)
            except NotSaidError as error:
                said.append(False)
                assert error.text.ja and error.text.en
                continue
            said.append(True)
            message = wrong(spaces, written.text, device, [change], commands)
            assert not message, report(message, written, [change], commands)
    assert sum(said) / len(said) > 0.5, (sum(said), len(said))
