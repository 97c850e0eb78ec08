"""What a short configuration says of the neighbours of its routing protocols, for the tests of the readers."""

from __future__ import annotations

from secaudit.network.routes import DynamicRouting
from secaudit.text.secrets import mask_lines
from secaudit.vendors.reader import Reader
from tests.vendors.protection import NEIGHBOURS
from tests.vendors.texts import read_by

YES, NO, UNKNOWN = "authenticated", "open", "unknown"


def below(lines: str, blanks: int = 1) -> str:
    """The lines of a block, written in one: `a; b`; each begins with some blanks."""
    return "".join(f"{' ' * blanks}{line}\n" for line in lines.split("; ") if line)


def running(reader: Reader, text: str) -> tuple[DynamicRouting, ...]:
    """The routing protocols of the only device of a text, after its secrets were masked as in any file."""
    (device,) = read_by(reader, "\n".join(mask_lines(text.split("\n")).lines)).devices
    return device.dynamic_routing


def neighbours(reader: Reader, text: str) -> str:
    """`authenticated`, `open` or `unknown`: the one answer of the only protocol."""
    (answer,) = {NEIGHBOURS[one.authenticated] for one in running(reader, text)}
    return answer


def evidence(reader: Reader, text: str) -> list[str]:
    """The lines that the answer is taken from, as they are shown."""
    return [line.text.strip() for one in running(reader, text)[:1] for line in one.sources]
