"""The network as a graph: what can get from where to where, and why."""
