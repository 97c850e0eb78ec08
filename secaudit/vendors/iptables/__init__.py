"""Linux hosts by the output of `iptables-save`, `ip6tables-save` and `iptables -S`, with `ipset save` and what `netfilter.host` reads beside them.

`sections` finds tables and chains, `options` and `conditions` read what a rule asks, `targets` what it does, `ipsets` the sets. What
hooks, jumps, states and NAT mean is in `secaudit.vendors.netfilter`, which the nftables reader shares.
"""

from __future__ import annotations

from secaudit.text.config_text import ConfigText
from secaudit.vendors.iptables import recognition
from secaudit.vendors.reader import ReadConfig

NAME = "iptables"


class IptablesReader:
    """`iptables-save`, `ip6tables-save` and `iptables -S` of Linux hosts."""

    name = NAME
    title = "Linux iptables"

    def score(self, text: ConfigText) -> int:
        """See `recognition.score`."""
        return recognition.score(text)

    def read(self, text: ConfigText) -> ReadConfig:
        """See `reader.read`."""
        from secaudit.vendors.iptables import reader

        return reader.read(text)


READER = IptablesReader()
