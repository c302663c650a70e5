"""Which nodes may be linked: random graphs, link prediction, rewiring and measures."""
