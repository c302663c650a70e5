"""The results store: one folder per experiment and fingerprint, complete or not there at all."""

from bioworkbench.results.store import (
    FORMAT,
    RunRecord,
    check_writable,
    fingerprint,
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
    "fingerprint",
    "is_complete",
    "load_record",
    "result_folder",
    "save_record",
    "write_text",
]
