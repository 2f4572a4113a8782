"""docs/assumptions.md and the marks in tests say the same."""

from __future__ import annotations

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def listed() -> set[str]:
    return set(re.findall(r"^\| (A\d+) \|", (ROOT / "docs/assumptions.md").read_text(encoding="utf-8"), re.MULTILINE))


def marked() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for call in re.findall(r"mark\.assumed\(([^)]*)\)", path.read_text(encoding="utf-8")):
            found.update(re.findall(r"\"(A\d+)\"", call))
    for path in (ROOT / "tests").rglob("*.test.mjs"):
        found.update(re.findall(r"assumed (A\d+)", path.read_text(encoding="utf-8")))
    return found


def test_every_assumption_is_carried_by_a_test_and_every_mark_is_listed():
    assert listed() == marked()
