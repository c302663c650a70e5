"""The state of another run, with which that of a spec begins."""

from bioworkbench.experiment.results.recording_file import UNREADABLE
from bioworkbench.experiment.results.state_file import state_in
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.hdf5 import opened
from bioworkbench.records.network import Network
from bioworkbench.simulation.backends.choice import backend_of
from bioworkbench.simulation.starts import check_start

__all__ = ["check_start_of"]


def check_start_of(spec: ExperimentSpec, network: Network) -> None:
    """Refuse a state that does not fit, before anything is built.

    Parameters
    ----------
    spec : ExperimentSpec
    network : Network
        Of the spec.

    Raises
    ------
    SpecError
        If the file is missing, damaged or without a state, or it is that of another network, dt, backend or number of trials.
    """
    if spec.start is not None:
        with spec.place("start").named():
            for problem in _problems(spec, network):
                raise ValueError(f"{spec.start}: {problem}")


def _problems(spec: ExperimentSpec, network: Network) -> list[str]:
    path = existing_file(spec.start or "", ValueError)
    try:
        with opened(path) as file:
            state = state_in(file)
    except UNREADABLE as error:
        return [f"is not a run that bioworkbench wrote, or is damaged: {error}"]
    if state is None:
        return ["holds no state to go on from; run its spec again with --set keep_state=true"]
    return list(check_start(network, state, spec.dt, backend_of(spec.backend).name, spec.n_trials))
