"""A Brian2 device: a script's network becomes a plan for a fixed engine, and only its functions are compiled.

What Brian2's C++ standalone device queues is kept as it is and translated when the network is built. A network that needs what the
engine lacks is handed to Brian2's device whole, before anything is compiled, with one line that says why.
"""

import shutil
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.core.base import BrianObject
from brian2.core.clocks import Clock
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.network import Network
from brian2.core.operations import NetworkOperation
from brian2.core.preferences import prefs
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import Device, all_devices
from brian2.input.binomial import BinomialFunction
from brian2.input.timedarray import TimedArray
from brian2.units import second
from brian2.utils.logger import get_logger

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.cpp.codeobject import WorkbenchCodeObject, types_of
from bioworkbench.simulation.backends.cpp.functions import functions_text, program_of
from bioworkbench.simulation.backends.cpp.plan import Run, Sizes, is_function, plan_of
from bioworkbench.simulation.backends.cpp.toolchain import flags as compiler_flags

__all__ = ["WorkbenchDevice", "register"]

_logger = get_logger("bioworkbench.device")
_SETTINGS = "set_from_command_line(args);"
_USER_PREFERENCES = ("headers", "define_macros", "libraries", "extra_link_args")


class _Queue(CPPStandaloneDevice):
    """What is noted while a script runs, besides what Brian2's device queues."""

    def __init__(self) -> None:
        super().__init__()
        self.handed_over = ""  # why Brian2's own device builds this network, if it does
        self.keeps_results = True  # all arrays are written when the program ends
        self.sizes = Sizes()
        self.runs: list[Run] = []
        self.steps: tuple[tuple, tuple] = ((), ())  # of the last run, and its clocks

    def file_of(self, code_object: Any) -> str:
        """Name of the file that a function is compiled in."""
        return "functions"

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: str | None = None) -> Any:
        """Ours, unless an object asks for another."""
        ours = CPPStandaloneCodeObject if self.handed_over else WorkbenchCodeObject
        return ours if codeobj_class is None else codeobj_class

    def code_object(self, owner: Any, name: str, abstract_code: Any, variables: Any, template_name: str, variable_indices: Any,
                    codeobj_class: Any = None, template_kwds: Any = None, override_conditional_write: Any = None,
                    compiler_kwds: Any = None) -> Any:  # fmt: skip
        """Generate a code object, and remember what it takes to bind it, or to generate it again with Brian2's own templates."""
        # The first reason stays. What was generated before it came up is generated again when the network is built.
        self.handed_over = self.handed_over or _beyond_engine(template_name, codeobj_class, variables, compiler_kwds)
        if self.handed_over and codeobj_class is WorkbenchCodeObject:
            codeobj_class = CPPStandaloneCodeObject
        given = (template_kwds, override_conditional_write, compiler_kwds)
        made = super().code_object(owner, name, abstract_code, variables, template_name, variable_indices, codeobj_class, *given)
        # Weak, as in Brian2: an object that a script drops must not live on in what it made.
        weak = {
            key: weakref.proxy(value) if isinstance(value, BrianObject) else value for key, value in (template_kwds or {}).items()
        }
        made.template_kwds = weak
        made.again = (abstract_code, override_conditional_write, self.enable_profiling)
        return made

    def network_run(self, net: Any, duration: Any, report: Any = None, report_period: Any = 10 * second, namespace: Any = None,
                    profile: Any = None, level: int = 0, **named: Any) -> None:  # fmt: skip
        """Queue a run, with the steps that it takes."""
        _refuse_python(net.sorted_objects)
        settings, builds = not self.run_args_applied, self.build_on_run
        # Brian2 would build while it queues the run, before we know what its steps are.
        self.build_on_run = False
        try:
            super().network_run(net, duration, report, report_period, namespace, profile, level + 1, **named)
        finally:
            self.build_on_run = builds
        if report not in (None, "text", "stdout", "stderr"):
            self.handed_over = self.handed_over or "a report in C++"
        self.runs.append(Run(net.name, float(duration), report, float(report_period), *self.steps, settings))
        # in Brian2's own words
        if builds:
            if self.has_been_run:
                raise RuntimeError(
                    "The network has already been built and run before. Use set_device with build_on_run=False and an explicit "
                    "device.build call to use multiple run statements with this device."
                )
            self.build(direct_call=False, **(self.build_options or {}))

    def network_after_run(self, net: Any) -> None:
        """Note what the run does in each step, which a magic network forgets when it has run."""
        steps = tuple((obj.clock, code) for obj in net.sorted_objects if obj.active for code in obj._code_objects)
        self.steps = steps, tuple(sorted(net._clocks, key=lambda clock: clock.name))
        getattr(Network.after_run, "original_function")(net)  # noqa: B009  Brian2 gives it to the method

    def run_function(self, name: str, include_in_parent: bool = True) -> Any:
        """Context in which what is queued goes to a C++ function."""

        @contextmanager
        def diverted() -> Iterator[None]:
            self.main_queue.append(("start_run_func", (name, include_in_parent)))
            yield
            self.main_queue.append(("end_run_func", (name, include_in_parent)))

        return diverted()


def _refuse_python(objects: Iterable[Any]) -> None:
    """Refuse what Brian2's C++ device leaves out without a word."""
    named = [obj.name for obj in objects if isinstance(obj, NetworkOperation) and obj.active]
    if named:
        raise SimulationError(
            f"the network operation '{named[0]}' is Python code, which a compiled program cannot call in a step; say it in equations, "
            "`run_regularly` or `run_on_event`, set values between several runs, or use set_device('runtime')"
        )


def _handed_over_only(name: str) -> Any:
    """Brian2's method of this name for networks that are handed over; nothing for ours, which have an engine instead."""

    def method(self: Any, *arguments: Any, **named: Any) -> None:
        if self.handed_over:
            getattr(CPPStandaloneDevice, name)(self, *arguments, **named)

    return method


class WorkbenchDevice(_Queue):
    """Brian2's C++ standalone device, with an engine that is compiled once and functions that are compiled once per text."""

    generate_main_source = _handed_over_only("generate_main_source")  # the engine has it
    generate_codeobj_source = _handed_over_only("generate_codeobj_source")  # functions are written together
    generate_network_source = _handed_over_only("generate_network_source")  # the plan has the runs
    generate_synapses_classes_source = _handed_over_only("generate_synapses_classes_source")  # the engine has pathways
    generate_run_source = _handed_over_only("generate_run_source")  # the plan says what to load
    generate_makefile = _handed_over_only("generate_makefile")  # there is one source file
    copy_source_files = _handed_over_only("copy_source_files")  # the engine stays where it is

    def build(self, *arguments: Any, **named: Any) -> None:
        """Write and compile what is queued, and run it.

        Parameters
        ----------
        *arguments, **named
            As of Brian2's device.
        """
        self.handed_over = self.handed_over or self._beyond_plan(named)
        if self.handed_over:
            _logger.info(
                f"The network needs {self.handed_over}, which the engine lacks; Brian2's 'cpp_standalone' builds and runs it"
            )
            self._generate_again()
        super().build(*arguments, **named)

    def _beyond_plan(self, options: dict[str, Any]) -> str:
        """What the queue, the options or the preferences ask for that a plan cannot say; empty if nothing."""
        # What the device itself inserts, to read the command line, is no reason to hand a network over.
        queued = {what for what, arguments in self.main_queue if what != "insert_code" or arguments != _SETTINGS}
        reasons = {
            "C++ that the script inserts": "insert_code" in queued or any(self.code_lines.values()),
            "functions of the main program": "start_run_func" in queued,
            "C++ sources of the script": bool(options.get("additional_source_files")),
            "a debug build": bool(options.get("debug")),
            "OpenMP": prefs.devices.cpp_standalone.openmp_threads != 0,
            "headers or libraries of the script": bool(
                self.headers or self.define_macros or self.libraries or self.extra_link_args
                or any(prefs[f"codegen.cpp.{name}"] for name in _USER_PREFERENCES)
            ),
            "a clock of another kind": any(type(clock) is not Clock for clock in self.clocks),
            "another compiler": get_compiler_and_args()[0] != "unix",
        }  # fmt: skip
        return next((words for words, needed in reasons.items() if needed), "")

    def _generate_again(self) -> None:
        """Replace what was generated from our templates by what Brian2's own give."""
        replaced: dict[str, Any] = {}
        for name, made in list(self.code_objects.items()):
            if not isinstance(made, WorkbenchCodeObject):
                continue
            code, override, profiled = made.again
            headers = [*self.headers, *prefs["codegen.cpp.headers"], *made.compiler_kwds.get("headers", [])]
            # By Brian2's base class: its C++ device has registered the object already.
            again = Device.code_object(
                self, made.owner, name, code, made.variables, made.template_name, made.variable_indices, CPPStandaloneCodeObject,
                {**made.template_kwds, "user_headers": headers, "profiled": profiled}, override, made.compiler_kwds,
            )  # fmt: skip
            again.before_after_blocks = made.before_after_blocks
            self.code_objects[name] = replaced[name] = again
        self.main_queue[:] = [
            (what, (replaced.get(arguments[0].name, arguments[0]),) if what.endswith("_code_object") else arguments)
            for what, arguments in self.main_queue
        ]

    def generate_objects_source(self, writer: Any, arange_arrays: Any, synapses: Any, static_array_specs: Any, networks: Any,
                                timed_arrays: Any) -> None:  # fmt: skip
        """Write the functions and the plan.

        Parameters
        ----------
        writer : CPPWriter
            Writes files of the project.
        arange_arrays, synapses, static_array_specs, networks, timed_arrays
            What Brian2's device has queued, which it gives its templates; the plan has it from the device itself.
        """
        if self.handed_over:
            super().generate_objects_source(writer, arange_arrays, synapses, static_array_specs, networks, timed_arrays)
            return
        functions = [
            (code_object.code.cpp_file, types_of(code_object.variables, code_object.owner))
            for code_object in self.code_objects.values()
            if is_function(code_object)
        ]
        writer.write("functions.cpp", functions_text(functions))
        folder = Path(str(self.project_dir))
        results = {variable: self.get_array_filename(variable) for variable in self.arrays} if self.keeps_results else {}
        (folder / "plan.txt").write_text(plan_of(self, self.runs, results))

    def compile_source(self, directory: str, compiler: str, debug: bool, clean: bool) -> None:
        """Take the program from the cache, or compile its functions and link them with the engine.

        Parameters
        ----------
        directory : str
            Of the project.
        compiler, debug, clean
            Of Brian2's makefile; used where the network was handed over.
        """
        if self.handed_over:
            super().compile_source(directory, compiler, debug, clean)
            return
        flags = (*get_compiler_and_args()[1], *self.extra_compile_args, "-std=c++17")  # of functions; the engine has its own
        folder = Path(directory)
        with program_of({"functions": (folder / "functions.cpp").read_text()}, compiler_flags(), {"functions": flags}) as program:
            (folder / "main").unlink(missing_ok=True)
            shutil.copy(program, folder / "main")

    def delete(
        self, code: bool = True, data: bool = True, run_args: bool = True, directory: bool = True, force: bool = False
    ) -> None:
        """Delete what was written.

        Parameters
        ----------
        code, data, run_args, directory : bool
            Program and plan; results; arrays given to a run; the folders, which needs the other three.
        force : bool
            Whether to delete folders that hold other files, too.

        Raises
        ------
        ValueError
            If the folders are to be deleted, but not all that is in them.
        """
        if self.project_dir is None or self.handed_over:
            super().delete(code, data, run_args, directory, force)
            return
        if directory and not (code and data and run_args):
            raise ValueError(
                f"code = {code}, data = {data}, run_args = {run_args}: must all be True where directory = True, which has them all; "
                "give directory = False to keep some"
            )
        folder, results = Path(self.project_dir), Path(str(self.results_dir))
        files: list[Path] = []
        if code:
            files += [folder / name for name in ("main", "plan.txt", "functions.cpp")]
            files += [folder / "static_arrays" / name for name in self.static_arrays]
        files += [folder / "static_arrays" / name for name in self.run_args_arrays] if run_args else []
        if data:
            files += [results / name for name in ("last_run_info.txt", "profiling_info.txt", "stdout.txt")]
            files += [results / self.get_array_filename(variable) for variable in self.arrays]
        for file in files:
            file.unlink(missing_ok=True)
        if directory:
            _remove_folders(folder, results, force)


def _remove_folders(folder: Path, results: Path, force: bool) -> None:
    """Remove a project's folders, where they hold nothing of somebody else's or force is given."""
    # without `force` only empty folders go, so that no file of a user is lost
    if force:
        shutil.rmtree(folder, ignore_errors=True)
    for place in (folder / "code_objects", folder / "static_arrays", results, folder):
        if place.exists() and any(place.iterdir()):
            _logger.warn(f"'{place}' is not deleted: it holds files that Brian2 did not write; give force=True to delete it all")
        elif place.exists():
            place.rmdir()


def _beyond_engine(template_name: str, codeobj_class: Any, variables: Any, compiler_kwds: Any) -> str:
    """What a code object needs that the engine lacks; empty if nothing."""
    if template_name == "spatialstateupdate":
        return "compartments"
    if codeobj_class not in (None, WorkbenchCodeObject, CPPStandaloneCodeObject):
        return f"code of class {codeobj_class.__name__}"
    if any((compiler_kwds or {}).values()):
        return "C++ sources, headers or libraries of a user's function"
    known = set(DEFAULT_FUNCTIONS.values())
    for name, variable in variables.items():
        if isinstance(variable, TimedArray | BinomialFunction) or variable in known or not isinstance(variable, Function):
            continue
        used = variable.implementations[WorkbenchCodeObject].dependencies or {}
        if any(function not in known for function in used.values()):
            return f"the function '{name}', which calls others"
    return ""


def register() -> None:
    """Make the device known to Brian2 under its two names; the second is what Brian2's own tests ask for."""
    for name in ("bioworkbench", "bioworkbench_simple"):
        if name not in all_devices:
            all_devices[name] = WorkbenchDevice()


register()
