"""Imported by the fork server of a sweep after all else: Brian2's log there is the server's, which its workers must not remove for it."""

from bioworkbench.records.logs import forget_brian2_log

__all__: list[str] = []

forget_brian2_log()
