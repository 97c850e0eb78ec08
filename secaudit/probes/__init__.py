"""Plan, run and import probes: what was observed from where."""
