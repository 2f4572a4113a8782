"""Ports stand only where something may be replaced: few of them, and none that only mirrors a plain value."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_PORTS = 40
UNTYPED_WORK = re.compile(r"ContextManager\[Any\]|\b_?uow: Any\b")

Classes = dict[str, ast.ClassDef]


def sources(*folders: str) -> list[pathlib.Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def classes(*paths: pathlib.Path) -> Classes:
    """Each class, by where it stands."""
    return {
        f"{path.relative_to(path.anchor)}: {node.name}": node
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }


def ports(found: Classes) -> Classes:
    return {
        where: node
        for where, node in found.items()
        if any(
            "Protocol" in {getattr(part, "id", ""), getattr(part, "attr", "")}
            for base in node.bases
            for part in ast.walk(base)
        )
    }


def values(node: ast.ClassDef) -> frozenset[str]:
    """The names of what can be read of a class: its fields and properties."""
    return frozenset(
        part.target.id if isinstance(part, ast.AnnAssign) else part.name
        for part in node.body
        if (isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)) or is_property(part)
    )


def is_property(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and any(ast.unparse(each) == "property" for each in node.decorator_list)


def mirrors(found: Classes, plain: Classes) -> list[str]:
    """Ports that hold only what some plain value has as well."""
    return [
        f"{port} mirrors {value}"
        for port, node in ports(found).items()
        if len(values(node)) == sum(not is_docstring(part) for part in node.body)
        for value, other in plain.items()
        if not ports({value: other}) and values(node) <= values(other)
    ]


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr)


def test_there_are_few_ports():
    found = ports(classes(*sources("cti")))
    assert len(found) <= MOST_PORTS, "\n".join(sorted(found))


def test_no_port_mirrors_a_value_that_everybody_may_use():
    plain = classes(*sources("cti/domain"), ROOT / "cti/accounts.py")
    assert len(plain) > 20
    assert mirrors(classes(*sources("cti")), plain) == []


def test_the_unit_of_work_is_a_type_everywhere():
    untyped = [
        path.relative_to(ROOT).as_posix()
        for path in sources("cti")
        if UNTYPED_WORK.search(path.read_text(encoding="utf-8"))
    ]
    assert untyped == []


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ("class Who(Protocol):\n    '''Somebody.'''\n    @property\n    def name(self) -> str: ...\n", 1),
        ("class Who(Protocol[T]):\n    name: str\n    @property\n    def first(self) -> str: ...\n", 1),
        ("class Who(Protocol):\n    @property\n    def name(self) -> str: ...\n    def ask(self) -> str: ...\n", 0),
        ("class Who(Protocol):\n    @property\n    def other(self) -> str: ...\n", 0),
        ("class Who:\n    name: str\n", 0),
    ],
)
def test_a_mirror_is_found(port: str, found: int, tmp_path: pathlib.Path):
    (tmp_path / "ports.py").write_text(port)
    (tmp_path / "person.py").write_text(
        "class Person:\n    name: str\n    first: str\n    def walk(self) -> None: ...\n"
    )
    assert len(mirrors(classes(tmp_path / "ports.py"), classes(tmp_path / "person.py"))) == found
