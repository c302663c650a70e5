"""All benchmarks: ``python -m tests.benchmarks`` lists them, with names (or ``all``) it runs them one after the other.

Words behind ``:`` go to the benchmark: ``topology:light``, ``topology:brain,top``.

Each prints ratios of times taken in the same run. Nothing else should compute meanwhile.
"""

import ast
import subprocess
import sys
from pathlib import Path

MODULES = {path.stem.removeprefix("bench_"): path for path in sorted(Path(__file__).parent.glob("bench_*.py"))}


def main():
    names = list(MODULES) if sys.argv[1:] == ["all"] else sys.argv[1:]
    unknown = [name for name in names if name.partition(":")[0] not in MODULES]
    if unknown or not names:
        for name, path in MODULES.items():
            print(f"{name:18} {(ast.get_docstring(ast.parse(path.read_text())) or '').splitlines()[0]}")
        print(f"{unknown[0]} is not one of these" if unknown else "Next: python -m tests.benchmarks all, or some of these names")
        sys.exit(2 if unknown else 0)
    for name in names:
        print(f"\n== {name}", flush=True)
        module, _, words = name.partition(":")
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{module}", *filter(None, words.split(","))], check=True)


if __name__ == "__main__":
    main()
