"""What iptables and nftables have in common: the ruleset of the kernel's netfilter, and what it means as a device.

`ruleset` is what the readers of both syntaxes produce, `conversion` makes a `network.Device` of it, and `host` reads what staff
paste beside the rules (`ip addr`, `ip route`, `sysctl`). No reader of its own: that is why there is no `READER` here.
"""
