"""Who may be linked to whom: random graphs, connectomes, link prediction, rewiring and measures."""
