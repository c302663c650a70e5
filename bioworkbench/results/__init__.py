"""The results store: one folder per experiment and fingerprint, complete or not there at all.

The names below are imported when they are first used, so that reading what a run recorded (`run_file`) imports no method.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bioworkbench.results.claims import claimed, remove_leftovers
    from bioworkbench.results.files import FORMAT, check_writable, is_complete, write_text
    from bioworkbench.results.store import RunRecord, fingerprint, fingerprints, load_record, result_folder, save_record

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
    "store": ("RunRecord", "fingerprint", "fingerprints", "load_record", "result_folder", "save_record"),
}


def __getattr__(name: str) -> Any:
    """The public name from the module that it lives in."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"bioworkbench.results.{module}"), name)
    raise AttributeError(f"module 'bioworkbench.results' has no attribute '{name}'")
