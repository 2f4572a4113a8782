"""What import-linter can't say: which furniture may know Flask, and that nothing happens at import."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ROOT / "cti"


def imports(path: pathlib.Path) -> set[str]:
    """The top-level packages that a module imports when it runs (not for types only)."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                found.update(name.name.split(".")[0] for name in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
                found.add(child.module.split(".")[0])
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def modules(*parts: str) -> list[pathlib.Path]:
    return sorted(ROOMS.joinpath(*parts).rglob("*.py"))


def test_flask_is_known_to_routes_and_to_the_web_only():
    allowed = {"web", "ws"}
    guests = [
        str(path.relative_to(ROOT))
        for path in modules()
        if imports(path) & {"flask", "flask_sock", "werkzeug"}
        and path.name != "routes.py"
        and path.relative_to(ROOMS).parts[0] not in allowed
    ]
    assert guests == []


def test_no_room_reads_the_clock_or_makes_randomness_by_itself():
    """`secrets` may be a default argument's source; the time comes from a Clock."""
    guilty = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules("domain")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"datetime.now", "time.time", "random.random"}
    ]
    assert guilty == []


def test_nothing_happens_when_the_composition_root_is_imported():
    code = (
        "import threading, sys, app; "
        "assert threading.active_count() == 1; "
        "assert 'simulators' not in sys.modules and 'tests' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_product_names_neither_the_simulators_nor_their_hosts():
    words = ("simulator", "/_sim", "demo-", ".localhost:")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in [ROOT / "app.py", ROOT / "wsgi.py", *modules(), *(ROOT / "static" / "pane").rglob("*.js")]
        for word in words
        if word in path.read_text(encoding="utf-8").lower()
    ]
    assert found == []
