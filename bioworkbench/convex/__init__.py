"""Convex programs over a dictionary of binary patterns, solved to a stated duality gap."""
