"""Exact sets of packet headers, and single packets."""
