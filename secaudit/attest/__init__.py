"""Asking people for the statements (申告) that the rules rest on, and writing what they answer into `attestations.yaml`."""
