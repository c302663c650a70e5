"""What annotations say of a setting beyond its type: the unit of a plain number, and whether it may be drawn.

``frame: Seconds`` takes 0.02 from a script, and "20 ms" from a spec.
"""

from dataclasses import dataclass
from typing import Annotated

__all__ = ["AnyUnit", "Drawn", "Hertz", "Seconds", "Unit"]


@dataclass(frozen=True)
class Unit:
    """Unit in which a number stands.

    Parameters
    ----------
    name : str
        As Brian2 has it, such as ``"second"``; empty where it depends on something else, as that of a weight does.
    """

    name: str = ""


@dataclass(frozen=True)
class Drawn:
    """The function itself draws from the text of a distribution, such as ``"uniform(-70 mV, -50 mV)"``."""


@dataclass(frozen=True)
class Condition:
    """Text that is no quantity, and draws none, is a condition on the variables of a neuron, such as ``"v > -40*mV"``."""


Seconds = Annotated[float, Unit("second")]
Hertz = Annotated[float, Unit("hertz")]
AnyUnit = Annotated[float, Unit()]
