"""Brian2's debug log, which it keeps in the folder of temporary files until its process ends."""

import sys
from pathlib import Path

__all__ = ["forget_brian2_log"]


def forget_brian2_log() -> None:
    """Remove the files of Brian2's log of this process, if Brian2 is imported; for processes of ours, which may be killed.

    A killed process cannot remove them itself. Logging goes on, into a file that has no name any more.
    """
    module = sys.modules.get("brian2.utils.logger")
    if module is None:
        return
    for name in ("tmp_log", "tmp_script"):
        path = getattr(module.BrianLogger, name, None)
        if path:
            Path(path).unlink(missing_ok=True)
            setattr(module.BrianLogger, name, None)
