"""What eslint can't say of the pane: who knows which word, and that nothing is offered in vain."""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PANE = ROOT / "static" / "pane"
BRIDGE = ROOT / "sf_metadata/force-app/main/default/staticresources/FCC_WebPhoneBridge.js"
#: What stands behind a port: only the pane's start may name it, and its neighbours in the same folder.
IMPLEMENTATIONS = {PANE / "host/open-cti.js", PANE / "host/canvas.js", PANE / "phone/sip.js"}

IMPORT = re.compile(r"""^import (?:\{([^}]*)\} from )?['\"](\.[^'\"]+)['\"];""", re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)


def sources(*folders: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.*js") if path.suffix in {".js", ".mjs"})


def imports(path: pathlib.Path) -> list[tuple[pathlib.Path, set[str]]]:
    """Each file of ours that a module imports when it runs, and the names it takes."""
    return [
        ((path.parent / found[2]).resolve(), {name.split(" as ")[0].strip() for name in (found[1] or "").split(",")})
        for found in IMPORT.finditer(path.read_text(encoding="utf-8"))
    ]


def test_open_cti_is_known_to_its_host_adapter_only():
    table = re.search(r"const METHODS = \{(.*?)\n    \};", BRIDGE.read_text(encoding="utf-8"), re.DOTALL)
    assert table is not None
    methods = re.findall(r"^        (\w+):", table[1], re.MULTILINE)
    assert "screenPop" in methods
    words = re.compile(rf"\b(?:{'|'.join([*methods, 'onClickToDial', 'onNavigationChange', 'sforce', 'opencti'])})\b")
    guilty = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sources(PANE)
        if path != PANE / "host/open-cti.js"
        for word in words.findall(path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


def test_what_salesforces_page_is_made_of_is_known_to_hosts_only():
    words = re.compile(r"\b(?:open cti|opencti|sforce|lightning|visualforce|bridge)\b|\bFCC_WebPhone", re.IGNORECASE)
    assert words.search((PANE / "host/open-cti-words.js").read_text(encoding="utf-8"))
    guilty = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sorted(PANE.rglob("*.*"))
        if PANE / "host" not in path.parents
        for word in words.findall(path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


def test_what_stands_behind_a_port_is_named_where_the_pane_starts_only():
    guilty = [
        f"{path.relative_to(PANE)} imports {imported.relative_to(PANE)}"
        for path in sources(PANE)
        if path != PANE / "main.js"
        for imported, _ in imports(path)
        if imported in IMPLEMENTATIONS
    ]
    assert guilty == []


def test_nothing_is_exported_that_nobody_imports():
    ours = sources(PANE, ROOT / "simulators", ROOT / "tools")
    taken = {
        (imported, name)
        for path in [*ours, *sources(ROOT / "tests/js")]
        for imported, names in imports(path)
        for name in names
    }
    unused = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in ours
        for name in EXPORT.findall(path.read_text(encoding="utf-8"))
        if (path, name) not in taken
    ]
    assert unused == []
