"""Run plain Brian2 scripts on the engine of bioworkbench: ``import bioworkbench.device`` and ``set_device("bioworkbench")``.

Importing this module makes the device known to Brian2. Everything else of a script stays as it is for Brian2's ``cpp_standalone``:
``build_on_run``, ``device.build``, ``device.run(run_args=...)``. A structure that was seen before is not compiled again, whatever its
sizes, parameters, connections, seeds and durations. What the engine lacks is handed to Brian2's own device, with a line that says so.

Examples
--------
>>> from brian2 import *  # doctest: +SKIP
>>> import bioworkbench.device  # doctest: +SKIP
>>> set_device("bioworkbench")  # doctest: +SKIP
"""

from bioworkbench.simulation.backends.cpp.device import WorkbenchDevice, register

__all__ = ["WorkbenchDevice"]

register()
