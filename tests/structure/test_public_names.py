"""What a room calls public is used outside its module; what only its module uses begins with an underscore.

A constant may be public for whoever reads or tests it; that it is used at all is vulture's affair, as methods are.
"""

from __future__ import annotations

import ast
import pathlib
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
USERS = ("cti", "app.py", "wsgi.py", "gunicorn.conf.py", "tools", "tests")
OF_THEMSELVES = ("Base", "Error", "Command")
"""Classes that are there by being written, by what they come from: tables, errors and a pane's commands."""
BY_NAME = dict.fromkeys(
    [("cti.web.worker", "Worker"), ("cti.web.server_log", "ServerLog")], "gunicorn.conf.py names it in a text"
)


class Module(NamedTuple):
    name: str
    tree: ast.Module


def modules(*paths: str, root: pathlib.Path = ROOT) -> list[Module]:
    files = [
        file for path in paths for file in ([root / path] if path.endswith(".py") else (root / path).rglob("*.py"))
    ]
    found = []
    for file in sorted(files):
        parts = file.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, ast.parse(file.read_text(encoding="utf-8"))))
    return found


def taken(module: Module) -> set[tuple[str, str]]:
    """The names of other modules that a module takes, by `from … import name` or by `module.name`."""
    found: set[tuple[str, str]] = set()
    known: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, each.name) for each in node.names}
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            known |= {each.asname or each.name: each.name for each in node.names}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and (of := known.get(ast.unparse(node.value))):
            found.add((of, node.attr))
    return found


def shown(module: Module) -> set[str]:
    """The classes that others get from a module without asking for them by name: its public ones' types and bases."""
    parts: list[ast.AST | None] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef) and (not node.name.startswith("_") or node.name == "__init__"):
            arguments = node.args
            parts += [each.annotation for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
            parts.append(node.returns)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            parts += node.bases
        elif isinstance(node, ast.AnnAssign):
            parts.append(node.annotation)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Name):
            parts.append(node.value if not name_of(node.targets[0]).startswith("_") else None)
    return {each.id for part in parts if part is not None for each in ast.walk(part) if isinstance(each, ast.Name)}


def name_of(target: ast.Attribute | ast.Name) -> str:
    return target.attr if isinstance(target, ast.Attribute) else target.id


def unused(rooms: list[Module], users: list[Module]) -> list[str]:
    """The public functions and classes of rooms that nobody outside their module has to do with."""
    used = {(of, name) for user in users for of, name in taken(user) if of != user.name}
    found = []
    for room in rooms:
        seen = shown(room)
        for node in room.tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                continue  # handed to whoever decorates: click's commands
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith(OF_THEMSELVES) for base in node.bases):
                continue
            if node.name not in seen and (room.name, node.name) not in used | BY_NAME.keys():
                found.append(f"{room.name}: {node.name}")
    return found


def test_every_rooms_public_names_are_used_outside_their_module():
    rooms = [each for each in modules("cti") if each.name.count(".") > 1 and ".migrations" not in each.name]
    assert len(rooms) > 100
    assert unused(rooms, modules(*USERS)) == []


def test_a_name_that_nobody_takes_is_found(tmp_path: pathlib.Path):
    (tmp_path / "room.py").write_text(
        "class Shown: ...\nclass Alone: ...\nclass LostError(Exception): ...\n"
        "def asked() -> Shown: ...\ndef alone(): ...\ndef called(): ...\ndef _own(): alone()\n"
        "@group.command()\ndef command(): ...\n"
    )
    (tmp_path / "app.py").write_text("import room\nfrom room import asked\nroom.called()\n")
    found = unused(modules("room.py", root=tmp_path), modules("app.py", root=tmp_path))
    assert found == ["room: Alone", "room: LostError", "room: alone"]
