"""The rules that join several fields of a spec."""

from collections.abc import Iterator, Mapping

from bioworkbench.experiment.spec.blocks import with_named_tables
from bioworkbench.experiment.spec.places import Problems
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.methods import drawn_by
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.execution import Execution
from bioworkbench.records.probe import outside
from bioworkbench.records.stimulus import INPUT
from bioworkbench.simulation.backends.choice import BACKENDS, backend_of, backends_that, check_execution

__all__ = ["MAX_TRIALS", "check_whole"]

MAX_TRIALS = 1_000_000
MAX_LAYERS = 1000


def check_whole(spec: ExperimentSpec, problems: Problems | None = None) -> None:
    """Check the rules that join several fields.

    Parameters
    ----------
    spec : ExperimentSpec
    problems : Problems, optional
        Gets the errors, which are raised without it.

    Raises
    ------
    SpecError
        If a number is out of range, a population is unknown, or task, input, method and duration do not fit together.
    """
    kept = Problems() if problems is None else problems
    rules = (_about_numbers, _about_populations, _about_projections, _about_task, _about_stimuli, _about_states)
    for reason, field_name in (complaint for rule in rules for complaint in rule(spec)):
        with kept.kept(), spec.place(field_name).named():
            raise ValueError(reason)
    if spec.backend in ("auto", *BACKENDS):
        for name in ("precision", "threads"):
            with kept.kept(), spec.place(name).named():
                check_execution(Execution(**{name: getattr(spec, name)}), spec.backend)
    if problems is None:
        kept.tell()


Complaint = tuple[str, str]  # reason and field


def _about_numbers(spec: ExperimentSpec) -> Iterator[Complaint]:
    for name in ("dt", "memory", "n_trials", "duration"):
        value = getattr(spec, name)
        if value is not None and (value <= 0 or value == float("inf")):
            yield f"{value}: must be above 0", name
    if spec.n_trials > MAX_TRIALS:
        yield f"{spec.n_trials}: at most {MAX_TRIALS} trials are accepted; run several seeds instead", "n_trials"
    if spec.seed < 0:
        yield f"{spec.seed}: cannot be negative", "seed"
    if spec.backend not in ("auto", *BACKENDS):
        yield unknown_name(spec.backend, "backend", ["auto", *BACKENDS]), "backend"


def _about_projections(spec: ExperimentSpec) -> Iterator[Complaint]:
    """Reasons: topology and weights are given where the method does not draw them, and left out where it does.

    What a method draws that could not be read is not known; it has errors of its own.
    """
    if spec.method is None and "method" in spec.document:
        return
    layers = {population.name: population.layer for population in spec.populations}
    for projection in spec.projections:
        layer = layers.get(projection.target, 0)
        drawn = drawn_by(spec.method, layer, layer - layers.get(projection.source, layer) - 1)
        for part in ("topology", "weights"):
            given, field_name = getattr(projection, part), f"projections.{projection.name}"
            if given is None and part not in drawn:
                yield f"a projection also needs {part}", field_name
            if given is not None and part in drawn and spec.method is not None:
                yield f"{given.kind}: method '{spec.method.kind}' draws the {part} itself; leave it out", f"{field_name}.{part}"


def _stimuli(spec: ExperimentSpec) -> list[str]:
    """Names of all stimuli, those included that could not be read and have errors of their own."""
    tables = with_named_tables({"stimuli": spec.document.get("stimuli", {})})["stimuli"]
    return list(tables) if isinstance(tables, Mapping) else []


def _about_populations(spec: ExperimentSpec) -> Iterator[Complaint]:
    """Reasons; populations that could not be read count as there, because they have errors of their own."""
    tables = spec.document.get("populations", {})
    names = list(tables) if isinstance(tables, Mapping) else []
    if not names and "network" not in spec.document:
        yield "none is given; a network needs at least one, such as [populations.exc]", "populations"
    sizes = {population.name: population.size for population in spec.populations}
    for population in spec.populations:
        if population.size < 1:
            yield f"size = {population.size}: must be an integer, 1 or more", f"populations.{population.name}.size"
        if not 0 <= population.layer < MAX_LAYERS:
            yield f"layer = {population.layer}: must lie between 0 and {MAX_LAYERS - 1}", f"populations.{population.name}.layer"
    ends = {"source": [INPUT, *_stimuli(spec), *names], "target": names}
    for projection in spec.projections:
        for end, known in ends.items():
            if getattr(projection, end) not in known and "network" not in spec.document:
                yield unknown_name(getattr(projection, end), "population", known), f"projections.{projection.name}.{end}"
    projected = spec.document.get("projections", {})
    named = [
        *names,
        *(projection.name for projection in spec.projections),
        *(projected if isinstance(projected, Mapping) else ()),
    ]
    for probe in spec.record:
        if probe.population not in named and "network" not in spec.document:
            yield f"'{probe.name}': {unknown_name(probe.population, 'population or projection', named)}", "record"
        elif probe.population in sizes and (wrong := outside(probe, sizes[probe.population])):
            yield wrong, "record"


def _about_task(spec: ExperimentSpec) -> Iterator[Complaint]:
    """What task, input, method and duration have to do with each other, as far as the spec has them."""
    given = spec.document
    tables = given.get("projections", {})
    entries = tables.values() if isinstance(tables, Mapping) else ()
    has_input = any(isinstance(table, Mapping) and table.get("source") == INPUT for table in entries)
    if "task" in given and not spec.is_trained:
        yield from _about_fit(spec)
        if has_input:
            yield "has a projection from 'input', and a recording as its task; give stimuli of its own in [stimuli.NAME]", ""
        return
    if "fit" in given:
        yield "has fit, and no task of kind 'recording' to fit to; add it, or leave fit out", ""
    if "task" in given:
        if "method" not in given:
            yield "has a task and no method; add [method] with kind = 'ransnn', say", ""
        if not has_input and "network" not in given:
            yield "has a task and no projection from 'input'; the network would not see the task", ""
        for name in (name for name in ("duration", "n_trials", "phases") if name in given):
            yield f"has a task and {name}; the trials of the task decide that, leave {name} out", ""
        return
    if "phases" in given and "duration" in given:
        yield f"{given['duration']}: phases have durations of their own; leave it out", "duration"
    if "duration" not in given and "phases" not in given:
        yield "has no task; it needs duration, such as '1 s', or phases", ""
    for name in (name for name in ("input", "method", "metrics", "scored_on") if name in given):
        yield f"has {name} and no task; add [task], or leave {name} out", ""
    if has_input:
        yield "has a projection from 'input' and no task; add [task], or a stimulus of your own in [stimuli.NAME]", ""


def _about_fit(spec: ExperimentSpec) -> Iterator[Complaint]:
    """What a spec whose task is a recording must have, and must not."""
    given = spec.document
    if "fit" not in given:
        yield "has a recording as its task and no [fit]; add [fit.ranges] with the settings that are fitted", ""
    if "duration" not in given:
        yield "has a recording as its task; it needs duration, such as '1 s'", ""
    for name in (name for name in ("input", "method", "metrics", "scored_on", "phases", "downscaling") if name in given):
        yield f"has {name}, and a recording as its task, which is fitted and needs none; leave {name} out", ""
    held_out = spec.task.arguments.get("n_held_out", 0) if spec.task else 0
    if held_out >= spec.n_trials and held_out:
        yield f"{held_out}: n_trials = {spec.n_trials}; leave one trial at least to the fit", "task.n_held_out"
    until = spec.task.arguments.get("fit_until") if spec.task else None
    if until is not None and spec.duration is not None and until >= spec.duration:
        yield f"{until:g} s: the run lasts {spec.duration:g} s; leave a part of it out", "task.fit_until"


def _about_stimuli(spec: ExperimentSpec) -> Iterator[Complaint]:
    """What stimuli have to do with the rest of a spec: each acts on something, in one of two ways."""
    used = {projection.source for projection in spec.projections}
    tables = spec.document.get("projections", ())
    # projections that could not be read may have it as their source; tables that are none have errors of their own
    unread = not isinstance(tables, Mapping | list) or len(spec.projections) < len(tables)
    given = spec.document.get("populations", {})
    populations = given if isinstance(given, Mapping) else {}
    for name, stimulus in spec.stimuli.items():
        place = f"stimuli.{name}"
        if name in populations:
            yield f"'{name}' is a population too; rename one of them", place
        elif not stimulus.targets and name not in used and not unread and "network" not in spec.document:
            yield f"no projection has the source '{name}', and it has no target; give it one of them, or leave it out", place
        if stimulus.targets and name in used:
            yield "has a target, and is the source of projections, which say how strongly it acts; leave one of them out", place
        if stimulus.n is not None and stimulus.n < 1:
            yield f"n = {stimulus.n}: must be an integer, 1 or more", f"{place}.n"
        for field_name in ("weight", "receives", "each"):
            if not stimulus.targets and getattr(stimulus, field_name):
                yield f"{field_name} is for a stimulus with a target; projections say it themselves, leave it out", place
        for target in stimulus.targets:
            if target not in populations and populations and "network" not in spec.document:
                yield unknown_name(target, "population", populations), f"{place}.target"
    if spec.stimuli and "downscaling" in spec.document:
        yield (
            f"{', '.join(spec.stimuli)}: a downscaled network has no stimuli, whose rates are not known; leave one of them out",
            "stimuli",
        )
    if spec.stimuli and spec.is_trained:
        yield f"{', '.join(spec.stimuli)}: a spec with task has no stimuli of its own; leave one of them out", "stimuli"


def _about_states(spec: ExperimentSpec) -> Iterator[Complaint]:
    given = {"keep_state": spec.keep_state, "start": spec.start is not None}
    for name in (name for name, is_given in given.items() if is_given):
        if spec.document.get("task") is not None:
            yield "is for networks without a task; leave it out", name
        elif spec.backend in ("auto", *BACKENDS) and not backend_of(spec.backend).saves_state:
            able = backends_that(lambda backend: backend.saves_state)
            yield f"needs backend {able}; backend is '{backend_of(spec.backend).name}'", name
    if spec.start is not None and spec.start.name != "run.h5":
        yield f"{spec.start}: must be the run.h5 of a results folder", "start"
