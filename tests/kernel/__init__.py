"""The Linux kernel as oracle: the same rules loaded for real, packets really sent (docs/decisions/0011-the-kernel-as-oracle.md)."""
