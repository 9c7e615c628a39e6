"""Sizes and habits of the code, so that they do not drift."""

from __future__ import annotations

import ast
import functools
import os
import re
import statistics
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRITTEN = (".py", ".md", ".toml", "Makefile", ".js", ".ts", ".yml", ".yaml", ".sh")
NOT_OURS = {".venv", "node_modules", "build", ".git", ".data", ".hypothesis"}
READS_ENVIRONMENT = {
    "chatserver/config.py",
    "chatserver/dev/command.py",  # whether a setting was given at all
    "chatserver/dev/process.py",  # children inherit it
    "chatserver/processes.py",  # the same
    "chatserver/providers/push/config.py",  # secrets that the push file names
    "chatserver/notify.py",  # whoever started the process names what to tell it by
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def texts() -> Sequence[Path]:
    """Every text that somebody wrote. What is not ours is not looked through: it is large."""
    found = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in NOT_OURS]
        found += [Path(folder, name) for name in names if name.endswith(WRITTEN)]
    return sorted(found)


@functools.cache
def python() -> Sequence[Path]:
    """The code without its tests."""
    roots = tuple(ROOT / folder for folder in ("chatserver", "clients/python", "loadtest"))
    return [
        file
        for file in texts()
        if file.suffix == ".py"
        and any(file.is_relative_to(root) for root in roots)
        and "tests" not in file.relative_to(ROOT).parts
    ]


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


@functools.cache
def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@functools.cache
def functions() -> Sequence[tuple[str, Function]]:
    """Every function with its place."""
    return [
        (f"{shown(file)}:{node.lineno} {node.name}", node)
        for file in python()
        for node in ast.walk(ast.parse(read(file)))
        if isinstance(node, Function)
    ]


def body_lines(function: Function) -> int:
    """Lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_small() -> None:
    sizes = {name: body_lines(function) for name, function in functions()}
    long = {name: size for name, size in sizes.items() if size > 60}
    assert not long
    assert statistics.median(sizes.values()) <= 8
    assert statistics.quantiles(sizes.values(), n=20)[-1] <= 35


def test_functions_take_few_arguments() -> None:
    for name, function in functions():
        taken = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        count = len([argument for argument in taken if argument.arg not in ("self", "cls")])
        assert count <= 6, name


def test_services_are_made_from_at_most_five_things() -> None:
    for name, function in functions():
        if name.startswith("chatserver/services/") and function.name == "__init__":
            taken = function.args.args + function.args.kwonlyargs
            assert len(taken) - 1 <= 5, name


def test_files_are_short() -> None:
    assert not [shown(file) for file in python() if len(read(file).splitlines()) > 400]


def test_every_package_says_in_a_line_what_it_is() -> None:
    for file in [file for file in python() if file.name == "__init__.py"]:
        said = ast.get_docstring(ast.parse(read(file)))
        assert said, shown(file)
        begins = file.is_relative_to(ROOT / "clients")  # there it says how to begin
        assert "\n" not in said or begins, shown(file)


def test_nothing_is_left_to_do() -> None:
    words = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3))
    left = re.compile(rf"\b({words})\b")
    assert not [shown(file) for file in texts() if left.search(read(file))]


def test_only_the_settings_read_the_environment() -> None:
    for file in python():
        if shown(file).startswith("chatserver/") and shown(file) not in READS_ENVIRONMENT:
            text = read(file)
            assert not re.search(r"\bos\.(environ|getenv|putenv)", text), shown(file)


def test_stores_find_and_update_by_the_function_that_minds_elections() -> None:
    """The driver's own method ends in a crash where a primary steps down."""
    found = [shown(file) for file in python() if ".find_one_and_update(" in read(file)]
    assert found == ["chatserver/store/database.py"]


@pytest.mark.parametrize("layer", ["domain", "services", "store"])
def test_now_is_an_argument(layer: str) -> None:
    for file in python():
        if shown(file).startswith(f"chatserver/{layer}/"):
            text = read(file)
            assert not re.search(r"\btime\.time(_ns)?\(|\bdatetime\.now\(", text), shown(file)
