"""What of a Brian2 script runs when: records have one order in a step, and everything in it runs."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false
# Brian2 does not type its objects

from collections.abc import Iterable, Sequence
from typing import Any

from brian2.core.network import Network as BrianNetwork
from brian2.core.preferences import prefs
from brian2.groups.neurongroup import NeuronGroup, Resetter, StateUpdater, SubexpressionUpdater, Thresholder
from brian2.groups.subgroup import Subgroup
from brian2.input.poissongroup import PoissonGroup
from brian2.input.poissoninput import PoissonInput
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.monitors.ratemonitor import PopulationRateMonitor
from brian2.monitors.spikemonitor import SpikeMonitor
from brian2.monitors.statemonitor import StateMonitor
from brian2.synapses.synapses import StateUpdater as SynapticStateUpdater
from brian2.synapses.synapses import SummedVariableUpdater, Synapses, SynapticPathway

__all__ = ["OTHERWISE", "check_scheduled", "check_usual", "shared_step"]

_SOURCES = (NeuronGroup, PoissonGroup, SpikeGeneratorGroup)
_WATCHING = (SpikeMonitor, PopulationRateMonitor, StateMonitor)
_SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]
_PARTS = {
    StateUpdater: "groups",
    Thresholder: "thresholds",
    Resetter: "resets",
    SubexpressionUpdater: "before_start",
    SynapticStateUpdater: "groups",
    SummedVariableUpdater: "groups",
    SynapticPathway: "synapses",
}
_WHOLE = {PoissonInput: "synapses", SpikeGeneratorGroup: "thresholds", StateMonitor: "start"}  # run themselves, without parts
OTHERWISE = "run the script as it is with set_device('bioworkbench')"
"""What to do instead."""


def check_usual(one: Any) -> None:
    """Refuse objects that records do not have, and what runs at another time in a step, or not at all.

    Parameters
    ----------
    one : Brian2 object

    Raises
    ------
    ValueError
        Naming the object, and what is unusual.
    """
    kind = type(one).__name__
    if type(one) not in (*_SOURCES, *_WATCHING, Synapses, PoissonInput) and not isinstance(one, tuple(_PARTS)):
        raise ValueError(f"{kind} '{getattr(one, 'name', one)}': records have no such object; leave it out, or {OTHERWISE}")
    if not one.active:
        raise ValueError(f"{kind} '{one.name}' is not active; leave it out, or {OTHERWISE}")
    _check_time(f"{kind} '{one.name}'", one, _WHOLE, 0)
    for part in getattr(one, "contained_objects", ()):
        _check_part(f"{kind} '{one.name}': '{part.name}'", part)


def _check_part(name: str, part: Any) -> None:
    """Raise ValueError, which begins with a `name`, if a part of a group or of synapses is unusual."""
    if not isinstance(part, tuple(_PARTS)):
        raise ValueError(f"{name} runs statements of its own, as run_regularly does; write them as equations, or {OTHERWISE}")
    if not part.active:
        raise ValueError(f"{name} is not active; leave it out, or {OTHERWISE}")
    if isinstance(part, SummedVariableUpdater) and isinstance(part.target, Subgroup):
        # Brian2 orders it behind the neurons' own updates, and leaves the other neurons as they are
        raise ValueError(
            f"{name} sums onto a part of a group; records sum for all of its neurons. Connect synapses to the whole group, or {OTHERWISE}"
        )
    usual = {"pre": -1, "post": 1}.get(getattr(part, "prepost", ""), -1 if isinstance(part, SummedVariableUpdater) else 0)
    if getattr(part, "event", "spike") == "spike":  # other events are refused where the group is read
        _check_time(name, part, _PARTS, usual)


def _check_time(name: str, one: Any, known: dict[type, str], order: int) -> None:
    """Raise ValueError, which begins with a `name`, if an object of a `known` kind does not run when Brian2 usually has it run."""
    usual = next((when for kind, when in known.items() if isinstance(one, kind)), None)
    if usual is not None and one.when != usual:
        raise ValueError(f"{name} runs at when = '{one.when}'; records keep Brian2's own, '{usual}'. Or {OTHERWISE}")
    if usual is not None and one.order != order:
        raise ValueError(f"{name} has order {one.order}; records keep Brian2's own, {order}. Or {OTHERWISE}")


def check_scheduled(objects: BrianNetwork | Iterable[Any]) -> None:
    """Refuse a network, or preferences of the script, by which the parts of a step have another order.

    Parameters
    ----------
    objects : Network, or iterable of Brian2 objects
        Without a Network, the preferences count.

    Raises
    ------
    ValueError
        With the schedule.
    """
    schedule = list(objects.schedule if isinstance(objects, BrianNetwork) else prefs.core.network.default_schedule)
    if schedule != _SCHEDULE:
        raise ValueError(
            f"the schedule is {', '.join(schedule)}; records keep Brian2's own, {', '.join(_SCHEDULE)}. Or {OTHERWISE}"
        )


def shared_step(found: Sequence[Any]) -> float:
    """The step that all objects but monitors share.

    Parameters
    ----------
    found : sequence of Brian2 objects

    Returns
    -------
    float, seconds

    Raises
    ------
    ValueError
        If they have several.
    """
    moving = [one for one in found if not isinstance(one, _WATCHING)]
    steps = {float(one.clock.dt_): one.name for one in moving}
    if len(steps) != 1:
        told = ", ".join(f"'{name}' {step:g} s" for step, name in steps.items())
        raise ValueError(f"objects have the steps {told}; a network has one, give all the same dt")
    return next(iter(steps))
