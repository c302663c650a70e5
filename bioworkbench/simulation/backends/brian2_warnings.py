"""Brian2's warnings about what is meant as it is, left out while our networks are built."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from brian2.codegen.generators import base
from brian2.core.functions import Function

__all__ = ["without_idle_warnings"]

_NO_RESET = "brian2.groups.neurongroup.only_threshold"


@contextmanager
def without_idle_warnings() -> Iterator[None]:
    """Leave out warnings inside; scripts of others, before and after, get all of Brian2's.

    A neuron model says itself that there is no reset. Statements of synapses that draw random numbers do not depend on the order of the
    synapses for that alone: each draws its own. Statements that do depend on it are still told of.
    """
    check, no_reset = base.check_for_order_independence, logging.getLogger(_NO_RESET)

    def check_order(statements: Any, variables: Mapping[str, Any], indices: Any) -> None:
        known = {name: value for name, value in variables.items() if not isinstance(value, Function)}
        check(statements, known, indices)

    base.check_for_order_independence = check_order
    no_reset.addFilter(_nothing)
    try:
        yield
    finally:
        base.check_for_order_independence = check
        no_reset.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False
