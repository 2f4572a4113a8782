"""docs/facts.md and the code name the same kinds of facts."""

from __future__ import annotations

import re
from pathlib import Path

from cti.domain.facts import KINDS

TEXT = (Path(__file__).parents[3] / "docs" / "facts.md").read_text(encoding="utf-8")


def test_every_kind_is_documented_and_nothing_else() -> None:
    rows = set(re.findall(r"^\| `([a-z]+)` \| `([a-z-]+)` \|", TEXT, re.MULTILINE))
    assert rows == {(source.value, kind) for source, kinds in KINDS.items() for kind in kinds}
