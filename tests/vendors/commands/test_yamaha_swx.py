"""Random changes of SWX lists: what the writer says reads back as the changed model, and what it cannot say it refuses."""

from __future__ import annotations

from random import Random

import pytest

from secaudit.network.matches import Family
from secaudit.packets.space import HeaderSpace
from secaudit.vendors.commands import NotSaidError
from tests.vendors.commands.reading_back import FAMILIES, READERS, Spaces, commands_for, text_of, wrong
from tests.vendors.commands.test_random import changes_of, report
from tests.vendors.equality.test_equality import ROUNDS, a_policy
from tests.vendors.equality.yamaha_swx import YamahaSwxWriter, plain


@pytest.mark.parametrize(("family", "least"), [(4, 0.3), (6, 0.1)])
def test_commands_read_back_as_the_changed_model(family: Family, least: float) -> None:
    said: list[bool] = []
    for number in range(40 * ROUNDS):
        random = Random(f"swx commands {family} {number}")
        written = YamahaSwxWriter(plain(a_policy(family, f"swx commands {number}")), random).write()
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
    assert sum(said) / len(said) > least, (sum(said), len(said))
