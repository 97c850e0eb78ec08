"""What the products of Cisco with the IOS command line have in common: access lists, interfaces, and what is applied to them.

It is no product: `cisco_ios` and `cisco_nxos` are, and know nothing of each other.
"""
