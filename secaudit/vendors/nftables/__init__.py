"""Linux nftables: the output of `nft list ruleset`, and hand-written files for `nft -f`.

Read with `tokens` (words and brackets), `document` (tables, chains, sets and commands, in the order of the file), `rules` (one rule into its
parts), `plans` (what rules of one shape have in common, done once), `conditions`, `translations` and `meaning` (its parts into rules of a
`netfilter.Ruleset`), and `building`; what the ruleset means as a
device is `netfilter.conversion`. Facts are from `man nft` and from what `nft --debug=netlink` shows that the kernel is given.
"""

from secaudit.vendors.nftables.reader import NftablesReader

READER = NftablesReader()

__all__ = ["READER", "NftablesReader"]
