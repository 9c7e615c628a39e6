"""Sizes and habits of the code, so that they do not drift."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted(
    file
    for folder in ("chatserver", "clients/python", "loadtest")
    for file in (ROOT / folder).rglob("*.py")
    if not {"build", "tests", "node_modules"} & set(file.relative_to(ROOT).parts)
)
TEXTS = sorted(
    file
    for pattern in ("*.py", "*.md", "*.toml", "Makefile", "*.js", "*.ts", "*.yml", "*.yaml", "*.sh")
    for file in ROOT.rglob(pattern)
    if not {".venv", "node_modules", "build", ".git", ".data", ".hypothesis"}
    & set(file.relative_to(ROOT).parts)
)
READS_ENVIRONMENT = {
    "chatserver/config.py",
    "chatserver/dev/command.py",  # whether a setting was given at all
    "chatserver/dev/process.py",  # children inherit it
    "chatserver/processes.py",  # the same
    "chatserver/notify.py",  # whoever started the process names what to tell it by
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def functions() -> Iterator[tuple[str, Function]]:
    for file in PYTHON:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{shown(file)}:{node.lineno} {node.name}", node


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


@pytest.mark.parametrize("file", PYTHON, ids=shown)
def test_files_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("file", [file for file in PYTHON if file.name == "__init__.py"], ids=shown)
def test_every_package_says_in_a_line_what_it_is(file: Path) -> None:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert said
    assert "\n" not in said or file.is_relative_to(ROOT / "clients")  # there it says how to begin


@pytest.mark.parametrize("file", TEXTS, ids=shown)
def test_nothing_is_left_to_do(file: Path) -> None:
    words = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3))
    assert not re.search(rf"\b({words})\b", file.read_text(encoding="utf-8"))


def test_only_the_settings_read_the_environment() -> None:
    for file in PYTHON:
        if shown(file).startswith("chatserver/") and shown(file) not in READS_ENVIRONMENT:
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"\bos\.(environ|getenv|putenv)", text), shown(file)


@pytest.mark.parametrize("layer", ["domain", "services", "store"])
def test_now_is_an_argument(layer: str) -> None:
    for file in PYTHON:
        if shown(file).startswith(f"chatserver/{layer}/"):
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"\btime\.time(_ns)?\(|\bdatetime\.now\(", text), shown(file)
