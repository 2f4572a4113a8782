"""The page about budgets and the measurements speak of the same figures, by the same names."""

from __future__ import annotations

import ast
import pathlib
import re
from typing import TypeGuard

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCHES = sorted((ROOT / "tests" / "bench").glob("*_bench.py"))
PAGE = ROOT / "docs" / "budgets.md"


def is_text(node: ast.expr | None) -> TypeGuard[ast.Constant]:
    """Whether a text stands there."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def pattern(node: ast.expr) -> str | None:
    """What a name in the source can turn into, as a pattern; None for anything but a text."""
    if is_text(node):
        return re.escape(str(node.value))
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
        return "".join("[a-z0-9-]*" if part is None else re.escape(str(part)) for part in parts)
    return None


def names(path: pathlib.Path) -> set[str]:
    """Patterns of the figures a bench gives: in a dictionary beside value and unit, as an argument, in a tuple."""
    found: set[str | None] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            cells = {key.value: value for key, value in zip(node.keys, node.values, strict=True) if is_text(key)}
            if {"name", "value", "unit"} <= cells.keys():
                found.add(pattern(cells["name"]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_figure":
            found.add(pattern(node.args[0]))
        elif isinstance(node, ast.Tuple) and len(node.elts) == 3:
            found.add(pattern(node.elts[0]))
    return {each for each in found if each}


def rows() -> list[list[str]]:
    """The cells of every row of the page's tables, their headings left out."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "what" and not set(row[0]) <= {"-", ":"}]


def told() -> set[str]:
    """The figures that the page names: what stands in backticks in its tables' second column."""
    return {name for row in rows() for name in re.findall(r"`([^`]+)`", row[1])}


def test_every_row_names_a_figure_that_is_measured():
    assert len(rows()) >= 8
    measured = {each for path in BENCHES for each in names(path)}
    for row in rows():
        named = re.findall(r"`([^`]+)`", row[1])
        assert named or row[1] == "—", f"no figure in the row {row[0]!r}"
        for name in named:
            assert any(re.fullmatch(each, name) for each in measured), f"nothing measures {name!r}"


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.stem)
def test_every_figure_stands_on_the_page(path: pathlib.Path):
    found = names(path)
    assert found, f"{path.name} gives no figure"
    missing = [each for each in found if not any(re.fullmatch(each, name) for name in told())]
    assert not missing, f"docs/budgets.md does not name {missing}"


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.stem)
def test_every_bench_can_be_run_quickly(path: pathlib.Path):
    functions = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert [argument.arg for argument in functions["run"].args.args] == ["quick"]
