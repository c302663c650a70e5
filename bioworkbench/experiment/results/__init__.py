"""The results store: one folder per experiment and fingerprint, complete or not there at all.

The names below are imported when they are first used, so that reading what a run recorded (`run_file`) imports no method.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.experiment.results.claims import claimed, remove_leftovers
    from bioworkbench.experiment.results.files import FORMAT, check_writable, is_complete, write_text
    from bioworkbench.experiment.results.record import RunRecord
    from bioworkbench.experiment.results.spec_fingerprints import fingerprint, fingerprints
    from bioworkbench.experiment.results.store import load_record, result_folder, save_record

__all__ = [
    "FORMAT",
    "RunRecord",
    "check_writable",
    "claimed",
    "fingerprint",
    "fingerprints",
    "is_complete",
    "load_record",
    "remove_leftovers",
    "result_folder",
    "save_record",
    "write_text",
]

_HOMES = {
    "claims": ("claimed", "remove_leftovers"),
    "files": ("FORMAT", "check_writable", "is_complete", "write_text"),
    "spec_fingerprints": ("fingerprint", "fingerprints"),
    "record": ("RunRecord",),
    "store": ("load_record", "result_folder", "save_record"),
}

__getattr__, __dir__ = facade(__name__, homes_within(__name__, _HOMES))
