"""Points on a Dask cluster, whatever stands behind its scheduler."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bioworkbench.experiment.sweeps.orders import Answer, Order
from bioworkbench.records.errors import SimulationError

__all__ = ["on_cluster"]

_SECONDS_TO_CONNECT = 10
_TURNS = 2
_ALIKE = ("python", "dask", "distributed", "cloudpickle", "bioworkbench", "brian2", "numpy")


def on_cluster(orders: Sequence[Order], address: str, work: Callable[[Order], Answer]) -> Iterator[tuple[int, Answer]]:
    """Run points on the workers of a scheduler, the first ones first, and yield number and answer of each when it is done.

    Dask starts the points of a worker that dies again on another one. It gives up a point that four dead workers had, even if they
    had it only in line; such a point is given to it once more.

    Parameters
    ----------
    orders : sequence of Order
    address : str
        Such as ``"tcp://10.0.0.1:8786"``.
    work : callable
        What is done with an order.

    Yields
    ------
    int, Answer

    Raises
    ------
    SimulationError
        If Dask is not installed, the scheduler does not answer or is lost, or versions differ.
    """
    distributed = _distributed()
    client = _client(distributed, address)
    try:
        _check_versions(client, address)

        def submitted(number: int, turn: int) -> Any:
            key = (f"points-{client.id}", number, turn)  # one group of tasks, so that they wait at the scheduler, not at workers
            return client.submit(work, orders[number], key=key, priority=-number, pure=False)

        waiting = {submitted(number, 1): (number, 1) for number in range(len(orders))}
        completed = distributed.as_completed(waiting, loop=client.loop)
        for future in completed:
            number, turn = waiting.pop(future)  # answers are not kept on workers, with which they could be lost
            # `KilledWorker` says that workers died which had this point, not that it killed them: a point in line looks the
            # same.
            if turn < _TURNS and future.status == "error" and isinstance(future.exception(), distributed.KilledWorker):
                again = submitted(number, turn + 1)
                waiting[again] = (number, turn + 1)
                completed.add(again)
            else:
                yield number, _answer(future, address)
    finally:
        client.close()


def _distributed() -> Any:
    try:
        import distributed  # noqa: PLC0415  optional extra
    except ModuleNotFoundError as error:
        lacking = 'Dask, which is not installed (pip install "bioworkbench[cluster]")'
        raise SimulationError(f"--scheduler needs {lacking}. Nothing was run.", missing=lacking) from error
    return distributed


def _client(distributed: Any, address: str) -> Any:
    try:
        # Looked at first: a client that cannot begin takes long to end, and prints why it did not.
        distributed.comm.resolve_address(address)
        return distributed.Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SimulationError(
            f"scheduler '{address}' does not answer ({_first_line(error)}); start one with 'dask scheduler' and give the address "
            "that it prints, such as tcp://10.0.0.1:8786. Nothing was run."
        ) from error


def _check_versions(client: Any, address: str) -> None:
    """Refuse workers whose versions of what results depend on are others than here."""
    found = client.get_versions(packages=["bioworkbench", "brian2"])
    own = found["client"]["packages"]
    for place, about in [("the scheduler", found["scheduler"]), *found["workers"].items()]:
        packages = about.get("packages", {}) if about else {}
        names = [name for name in _ALIKE if place != "the scheduler" or name in ("dask", "distributed", "cloudpickle")]
        other = [
            f"{name} {packages.get(name)} instead of {own.get(name)}" for name in names if packages.get(name) != own.get(name)
        ]
        if other:
            raise SimulationError(
                f"scheduler '{address}': {place} has {', '.join(other)}; install the same versions everywhere. Nothing was run."
            )


def _answer(future: Any, address: str) -> Answer:
    if future.status == "finished":
        return future.result()
    if future.status == "error":
        return Answer("failed", error=f"on the cluster: {_first_line(future.exception())}")
    raise SimulationError(f"scheduler '{address}' was lost; finished points are kept, and the same command goes on with the rest")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
