"""Synapse models: each against its source."""
