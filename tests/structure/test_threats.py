"""docs/threats.md names only tests that are there."""

from __future__ import annotations

import ast
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def functions_of(path: pathlib.Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_threat_names_a_test_that_is_there():
    text = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
    named = NAMED.findall(text)
    assert len(named) > 50
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (found := functions_of(ROOT / path)) or (name and name not in found)
    ]
    assert missing == []
    rows = [row for row in text.splitlines() if row.startswith("| ") and not row.startswith("| what ")]
    assert [row for row in rows if not NAMED.search(row)] == []
