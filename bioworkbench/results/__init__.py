"""The results store: one folder per experiment and fingerprint, complete or not there at all."""

from bioworkbench.results.claims import claimed, remove_leftovers
from bioworkbench.results.store import (
    FORMAT,
    RunRecord,
    check_writable,
    fingerprint,
    fingerprints,
    is_complete,
    load_record,
    result_folder,
    save_record,
    write_text,
)

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
