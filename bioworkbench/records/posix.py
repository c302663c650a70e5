"""What POSIX systems have and Windows has not; None where it is missing, so that everything else works there."""

import os
from importlib import import_module
from typing import Any

__all__ = ["fcntl", "grp", "pwd", "user_id"]


def _module(name: str) -> Any:
    """The module called `name`, None where the system has none."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return None


fcntl, grp, pwd = _module("fcntl"), _module("grp"), _module("pwd")


def user_id() -> int:
    """Number of this user, as files have it; 0 where the system has none."""
    return os.geteuid() if hasattr(os, "geteuid") else 0
