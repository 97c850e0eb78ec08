"""Guideline editions, models and zone matrices, as loaded from `policies/`."""
