"""`Result`: a finished run, whether it has just been made or is opened from its folder.

Nothing here imports Brian2: metrics and recordings of a folder are read with NumPy and h5py; networks and specs when they are asked for.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from bioworkbench.experiment import results
from bioworkbench.experiment.results.recording_file import read_recording
from bioworkbench.experiment.results.seal import check_files, checked_provenance, read_metrics
from bioworkbench.records.above import made_above
from bioworkbench.records.recording import Recording

__all__ = ["Result"]


class Result:
    """A finished run and where it is kept; what is asked of it is read from its folder at that moment.

    Parameters
    ----------
    folder : Path
    record : RunRecord, optional
        What the folder holds, where it is in memory already.
    found : bool
        Whether it had been run before.

    Attributes
    ----------
    provenance : mapping
        Seed, versions, machine, command, warnings.

    Raises
    ------
    ResultError
        If there is no run in the folder, or it is damaged, incomplete or of a later version.
    """

    def __init__(self, folder: Path, record: Any = None, found: bool = False) -> None:
        self.folder, self.found, self._record = folder, found, record
        self.provenance: Mapping[str, Any] = checked_provenance(folder) if record is None else record.provenance

    @cached_property
    def record(self) -> Any:
        """Everything that was kept, as a `RunRecord`; all files are compared with their checksums."""
        return results.load_record(self.folder) if self._record is None else self._record

    @property
    def spec(self) -> Any:
        """The spec as it was run."""
        return self.record.spec

    @property
    def network(self) -> Any:
        """The network as it was run, or as training left it."""
        return self.record.data.network

    @cached_property
    def recording(self) -> Recording:
        """Spikes and traces of the test trials, or of the network without a task."""
        if "record" in self.__dict__ or self._record is not None:
            return self.record.data.recording
        check_files(self.folder, self.provenance)
        return read_recording(self.folder / "run.h5")

    @cached_property
    def metrics(self) -> Mapping[str, Any]:
        """Test and training scores, baselines, activity, timing."""
        return read_metrics(self.folder) if self._record is None else self._record.metrics

    def report(self) -> Path:
        """Path of ``report.html``, which is written first."""
        return made_above("report_of", self)

    def plot(self) -> Any:
        """A Matplotlib figure: network, spikes, rates, traces."""
        return made_above("result_figure", self)

    def __repr__(self) -> str:
        scores = ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.get("test", {}).items() if value is not None)
        return f"<result of {self.folder.parent.name} in {self.folder}{': ' + scores if scores else ''}>"

    def _repr_html_(self) -> str:
        return made_above("result_html", self)
