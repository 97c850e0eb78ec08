"""Linux hosts by the output of `iptables-save`, `ip6tables-save` and `iptables -S`, with `ipset save` and what `netfilter.host` reads beside them.

`sections` finds tables and chains, `options` and `conditions` read what a rule asks, `targets` what it does, `ipsets` the sets. What
hooks, jumps, states and NAT mean is in `secaudit.vendors.netfilter`, which the nftables reader shares.
"""

from secaudit.vendors.iptables.reader import IptablesReader

READER = IptablesReader()

__all__ = ["READER", "IptablesReader"]
