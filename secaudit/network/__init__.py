"""The vendor-neutral network: what a device does to packets, every fact with the lines that say so.

Frozen values only, no I/O. A vendor reader (`secaudit.vendors`) writes it; the flow engine, the packet
interpreter and the rules read it and never ask which vendor it was.
"""
