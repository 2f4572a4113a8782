"""What import-linter can't say: which furniture may know Flask, and that nothing happens at import."""

from __future__ import annotations

import ast
import configparser
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ROOT / "cti"

THREADS_OF_THEIR_OWN = {
    "cti/proxy/relay_session.py": "the second direction of one phone's relay, which ends with it",
    "cti/ws/connection.py": "what one slow peer's socket did not take at once, until it is sent or cut",
    "cti/ws/shutdown.py": "the farewells at a stop, begun in a signal's handler, where nothing may wait",
}
"""Who may start threads beside `cti/background.py`, where whatever goes on for good is guarded and can be asked."""


class Imports:
    """The modules that a module imports: when it runs, and for types only."""

    def __init__(self, path: pathlib.Path) -> None:
        self.run: set[str] = set()
        self.types: set[str] = set()
        self._visit(ast.parse(path.read_text(encoding="utf-8")), self.run)

    def _visit(self, node: ast.AST, found: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for only in child.body:
                    self._take(only, self.types)
                for otherwise in child.orelse:
                    self._take(otherwise, found)
                continue
            self._take(child, found)

    def _take(self, node: ast.AST, found: set[str]) -> None:
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update(f"{node.module}.{name.name}" for name in node.names)
        self._visit(node, found)


def imports(path: pathlib.Path) -> set[str]:
    """The top-level packages that a module imports when it runs (not for types only)."""
    return {name.split(".")[0] for name in Imports(path).run}


def rooms_of(names: set[str]) -> set[str]:
    """The rooms of `cti` that these modules belong to."""
    return {name.split(".")[1] for name in names if name.startswith("cti.")}


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


def features() -> set[str]:
    """The rooms that import-linter keeps apart."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    return {name.removeprefix("cti.") for name in contracts["importlinter:contract:features"]["modules"].split()}


def test_the_store_is_known_by_type_only_to_all_but_those_who_compose():
    composers = {"store", "cli"}
    others = [path for path in modules() if path.relative_to(ROOMS).parts[0] not in composers]
    guests = [str(path.relative_to(ROOT)) for path in others if "store" in rooms_of(Imports(path).run)]
    assert guests == []
    guests = [
        str(path.relative_to(ROOT)) for path in others if "sqlalchemy" in {n.split(".")[0] for n in Imports(path).types}
    ]
    assert guests == []


def test_rooms_know_of_each_other_not_even_types():
    """import-linter looks at what is imported when the code runs; a type of the store may be named, no other room's."""
    apart = features()
    guests = [
        f"{path.relative_to(ROOT)}: {room}"
        for path in modules()
        if (own := path.relative_to(ROOMS).parts[0]) in apart | {"domain"}
        for room in rooms_of(Imports(path).types) & (apart if own != "domain" else apart | {"store", "web", "ws"})
        if room != own
    ]
    assert len(apart) > 5
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


def test_what_goes_on_in_the_background_does_so_where_it_is_guarded_and_can_be_asked():
    threads = {"Thread", "Timer", "ThreadPoolExecutor", "start_new_thread", "spawn", "spawn_later"}
    starters = {
        str(path.relative_to(ROOT))
        for path in [ROOT / "app.py", *modules()]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in threads
    }
    assert starters - {"cti/background.py"} == THREADS_OF_THEIR_OWN.keys()
