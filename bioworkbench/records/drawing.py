"""`Drawing`: settings that change what a method draws of a network."""

from typing import Protocol, runtime_checkable

__all__ = ["EVERYTHING", "Drawing"]

EVERYTHING = frozenset({"topology", "weights"})


@runtime_checkable
class Drawing(Protocol):
    """Settings of a method that have a say in what it draws itself, so that a spec leaves it out."""

    def drawn(self, layer: int, usually: frozenset[str]) -> frozenset[str]:
        """What is drawn of projections to a layer.

        Parameters
        ----------
        layer : int
            Of the target.
        usually : frozenset of str
            "topology", "weights", both or nothing: what the method draws without these settings.

        Returns
        -------
        frozenset of str
        """
        ...
