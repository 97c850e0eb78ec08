"""Linux nftables: the output of `nft list ruleset`, and hand-written files for `nft -f`.

Read with `tokens` (words and brackets), `document` (tables, chains, sets and commands, in the order of the file), `rules` (one rule into its
parts), `plans` (what rules of one shape have in common, done once), `conditions`, `translations` and `meaning` (its parts into rules of a
`netfilter.Ruleset`), and `building`; what the ruleset means as a
device is `netfilter.conversion`. Facts are from `man nft` and from what `nft --debug=netlink` shows that the kernel is given.
"""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.nftables import recognition
from secaudit.vendors.reader import ReadConfig

NAME = "nftables"


class NftablesReader:
    """Linux hosts: `nft list ruleset`, or a hand-written `/etc/nftables.conf`, with what is pasted beside it."""

    name = NAME
    title = "Linux nftables"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.nftables import reader

        return reader.read(text)


READER = NftablesReader()
