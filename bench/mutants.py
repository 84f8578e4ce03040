"""How many small changes to stats/ its tests notice.

    python -m bench.mutants                        every module; resumes where it stopped
    python -m bench.mutants --only eprocess beta   these modules
    python -m bench.mutants --fresh                forget what earlier runs found

Each mutant runs in a fork of one warm process, against the tests that reach the changed
lines, quickest first, until one fails. Mutants that change nothing a caller could see are
named in bench/mutants_equivalent.toml with the reason. Writes bench/results/mutants.json.
Ends with 1 below the score that is asked for.
"""

import argparse
import ast
import gc
import importlib
import inspect
import json
import os
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from coverage import Coverage
from hypothesis import Phase, settings

from bench.mutants_operators import Mutant, mutants

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "mutants.json"
EQUIVALENT = ROOT / "bench" / "mutants_equivalent.toml"
ASKED = 0.90
_MEMORY = 3 * 2**30
# The guarantees need the whole product; the promises read files, not functions.
_TESTS = ["tests/stats", "--ignore=tests/stats/test_guarantees.py", "--ignore=tests/stats/test_promises.py"]
_PYTEST = ["-q", "-s", "-p", "no:django", "-p", "no:xdist", "-p", "no:cacheprovider", "--confcutdir=tests/stats"]


@dataclass
class Bench:
    """A pytest plugin that collects the tests once and then tries one mutant after another."""

    only: list[str]
    verdicts: dict[str, dict[str, str]]
    pause_while: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    reached: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    def pytest_collection(self) -> None:
        # Shrinking makes failures readable; here a failure is enough.
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings.get_profile("stats"), phases=phases)
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._learn(session.items)
        gc.freeze()  # or every fork would copy what the collector touches
        items = {item.nodeid: item for item in session.items}
        for module in self.only:
            self._try_module(module, items)
        return True

    def _learn(self, items: list[pytest.Item]) -> None:
        """Which test reaches which line, and how long each takes."""
        watch = Coverage(data_file=None, source=["stats"], config_file=False)
        watch.start()
        for position, item in enumerate(items):
            _say(f"learning {position + 1}/{len(items)}")
            watch.switch_context(item.nodeid)
            start = time.process_time()
            if not _passes(item):
                raise SystemExit(f"{item.nodeid} fails without any mutant.")
            self.seconds[item.nodeid] = time.process_time() - start
        watch.stop()
        data = watch.get_data()
        for file in data.measured_files():
            self.reached[Path(file).stem] = data.contexts_by_lineno(file)

    def _try_module(self, name: str, items: dict[str, pytest.Item]) -> None:
        module = importlib.import_module(f"stats.{name}")
        source = inspect.getsource(module)
        tree = ast.parse(source)
        digest = sha256(source.encode()).hexdigest()[:16]
        found = mutants(name, tree)
        earlier = self.verdicts.get(name, {})
        still = [mutant.name for mutant in found if mutant.name in earlier and earlier["source"] == digest]
        stored = self.verdicts[name] = {"source": digest} | {mutant: earlier[mutant] for mutant in still}
        for position, mutant in enumerate(found):
            if stored.get(mutant.name) != "killed":
                _wait(self.pause_while)
                _say(f"{name} {position + 1}/{len(found)}")
                tests = [(items[test], self.seconds[test]) for test in self._tests(mutant)]
                stored[mutant.name] = "killed" if _dies(module, tree, mutant, tests) else "survived"
                _store(self.verdicts)

    def _tests(self, mutant: Mutant) -> list[str]:
        """The tests that reach the changed lines; of a constant of the module or a default, every test."""
        lines = self.reached[mutant.module]
        near = {test for line in mutant.lines for test in lines.get(line, ()) if test}
        at_home = {test for tests in lines.values() for test in tests}
        return sorted(near or self.seconds, key=lambda test: (test not in at_home, self.seconds[test]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants, print the score per module, and say by the exit code whether it is enough."""
    options = _options(arguments)
    os.chdir(ROOT)
    verdicts = {} if options.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())["verdicts"]
    bench = Bench(options.only or _modules(), verdicts, options.pause_while)
    code = pytest.main([*_PYTEST, *_TESTS], plugins=[bench])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(code)
    score = _report(_store(verdicts))
    return 0 if score >= ASKED else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Count the changes to stats/ that its tests notice.")
    parser.add_argument("--only", nargs="+", choices=_modules(), metavar="MODULE", help="these modules")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument("--pause-while", type=Path, metavar="FILE", help="wait while this file exists")
    return parser.parse_args(arguments)


def _modules() -> list[str]:
    return sorted(file.stem for file in (ROOT / "stats").glob("*.py") if file.stem != "__init__")


def _passes(item: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False))


def _dies(module: ModuleType, tree: ast.Module, mutant: Mutant, tests: list[tuple[pytest.Item, float]]) -> bool:
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    _limit()
    noticed = 1
    with suppress(BaseException):  # the mutant may break the import, or stop the process
        mutant.apply()
        _install(module, ast.fix_missing_locations(tree))
        noticed = 0 if all(_passes_in_time(*test) for test in tests) else 1
    os._exit(noticed)


def _limit() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)


def _passes_in_time(item: pytest.Item, seconds: float) -> bool:
    """Ten times the processor time of an unchanged run is for ever: the process ends there."""
    signal.setitimer(signal.ITIMER_PROF, 2 + 10 * seconds)
    return _passes(item)


def _install(module: ModuleType, tree: ast.Module) -> None:
    """Put the mutated code into the functions that everybody has imported already."""
    mutated: dict[str, Any] = {"__name__": module.__name__}
    exec(compile(tree, module.__file__ or "", "exec"), mutated)
    for name, new in mutated.items():
        old = vars(module).get(name)
        if getattr(new, "__module__", None) == module.__name__:
            for old_function, new_function in _functions(old, new):
                old_function.__code__ = new_function.__code__
                old_function.__defaults__ = new_function.__defaults__
        elif isinstance(new, int | float | dict) and new != old:
            _replace_everywhere(name, old, new)


def _functions(old: Any, new: Any) -> Iterator[tuple[FunctionType, FunctionType]]:
    if isinstance(new, FunctionType):
        yield old, new
    elif isinstance(new, property):
        yield from _functions(old.fget, new.fget)
    elif isinstance(new, type):
        for name, member in vars(new).items():
            if isinstance(member, FunctionType | property):
                yield from _functions(vars(old)[name], member)


def _replace_everywhere(name: str, old: object, new: object) -> None:
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("stats.") and vars(module).get(name) is old:
            setattr(module, name, new)


def _wait(pause_while: Path | None) -> None:
    while pause_while is not None and pause_while.exists():
        time.sleep(1)


def _store(verdicts: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Write the verdicts with the score of each module; what is named equivalent counts neither way."""
    reasons = _reasons()
    modules = {}
    for name, stored in sorted(verdicts.items()):
        tried = {mutant: verdict for mutant, verdict in stored.items() if mutant != "source"}
        lived = [mutant for mutant, verdict in tried.items() if verdict == "survived"]
        equivalent = [mutant for mutant in lived if mutant in reasons]
        modules[name] = {
            "mutants": len(tried),
            "killed": len(tried) - len(lived),
            "equivalent": len(equivalent),
            "survived": [mutant for mutant in lived if mutant not in reasons],
        }
    summary = {"score": round(_score(modules.values()), 4), "modules": modules, "verdicts": verdicts}
    half_written = RESULTS.with_suffix(".part")
    half_written.write_text(json.dumps(summary, indent=1) + "\n")
    half_written.replace(RESULTS)
    return summary


def _reasons() -> dict[str, str]:
    """Mutant by mutant, why no caller could ever tell."""
    if not EQUIVALENT.exists():
        return {}
    named = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    return {mutant: group["reason"] for group in named for mutant in group["mutants"]}


def _score(modules: Any) -> float:
    killed = sum(module["killed"] for module in modules)
    return killed / max(1, sum(module["mutants"] - module["equivalent"] for module in modules))


def _report(summary: dict[str, Any]) -> float:
    print()
    for name, module in summary["modules"].items():
        print(
            f"{name:<14} {module['mutants']:>5} mutants {module['killed']:>5} killed"
            f" {module['equivalent']:>4} equivalent {len(module['survived']):>4} survived {_score([module]):>7.1%}"
        )
        for mutant in module["survived"]:
            print(f"    {mutant}")
    print(f"score {summary['score']:.1%}, asked for {ASKED:.0%}")
    return float(summary["score"])


def _say(text: str) -> None:
    sys.stderr.write(f"\r{text:<60}")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
