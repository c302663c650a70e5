"""What is said about a run after it is on disk: theory, warnings, report. None of them can lose it.

Spikes, scores and activity are written first. What fails afterwards becomes a warning, which is kept with the results and stands in
the report.
"""

from collections.abc import Callable
from dataclasses import replace

from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.experiment.theory import expected_activity
from bioworkbench.experiment.warnings import suspicions
from bioworkbench.records.errors import softly

__all__ = ["commented", "with_report"]


def commented(record: RunRecord) -> RunRecord:
    """The `record` with warnings and, for networks without a task, with the activity that theory expects as metric ``theory``."""
    spec, data, warnings = record.spec, record.data, list(record.warnings)
    metrics = dict(record.metrics)
    if spec.task is None:
        theory = softly("expected activity", lambda: expected_activity(spec, data.network), {}, warnings)
        metrics |= {"theory": theory} if theory else {}
    found = softly("warnings", lambda: suspicions(spec, data.network, metrics, data.recording.duration), (), warnings)
    return replace(record, metrics=metrics, warnings=(*found, *warnings))


def with_report(record: RunRecord, write: Callable[[], object]) -> RunRecord:
    """The record after its report was written, or with the warning that it could not be.

    Parameters
    ----------
    record : RunRecord
    write : callable ()
        Writes the report; what it raises becomes the warning.

    Returns
    -------
    RunRecord
    """
    warnings = list(record.warnings)
    softly("report", write, None, warnings)
    return record if len(warnings) == len(record.warnings) else replace(record, warnings=tuple(warnings))
