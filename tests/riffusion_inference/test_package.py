"""The library's face: what it exports, what importing it costs, and that the examples in its docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import riffusion_inference

MODULES = sorted(module.name for module in pkgutil.walk_packages(riffusion_inference.__path__, "riffusion_inference."))


def test_what_is_exported_is_there_sorted_and_documented() -> None:
    names = riffusion_inference.__all__
    assert names == sorted(names)
    assert len(names) == len(set(names))
    for name in names:
        thing = getattr(riffusion_inference, name)
        assert inspect.getdoc(thing), f"{name} has no docstring"
        assert thing.__module__.startswith("riffusion_inference."), f"{name} is another library's"


def test_nothing_else_is_exported() -> None:
    public = {name for name in vars(riffusion_inference) if not name.startswith("_")}
    rooms = {module.removeprefix("riffusion_inference.").split(".")[0] for module in MODULES}
    assert public - rooms == set(riffusion_inference.__all__)


def test_importing_the_library_costs_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import riffusion_inference\n"
        "loaded = {name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "print(*sorted(name for name in loaded if not name.startswith('_')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["riffusion_inference"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_are_found() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(tests) >= 8
