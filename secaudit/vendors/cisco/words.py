"""Reading the words of one IOS line: interfaces have names of two words."""

from __future__ import annotations

from secaudit.vendors.cisco.vocabulary import interface_name
from secaudit.vendors.common import words
from secaudit.vendors.common.ledger import NotUnderstoodError


class Words(words.Words):
    """See the base class."""

    __slots__ = ()

    def interface(self) -> str:
        """The name of an interface."""
        try:
            name, taken = interface_name(self.items[self.position :])
        except ValueError as error:
            raise NotUnderstoodError(str(error)) from error
        self.position += taken
        return name


def interface_of(line: words.Words) -> str:
    """The name of an interface at the position of a reader that does not know them; it is taken. Raises `NotUnderstoodError`."""
    own = Words(line.items, line.keys, line.position)
    name = own.interface()
    line.position = own.position
    return name
