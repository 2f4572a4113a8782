"""The architecture's walks lead through files that are there."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`((?:cti|static|docs|tests|tools|simulators|sf_metadata)/[\w./-]+)`")
DOCUMENTS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("document", [*DOCUMENTS, "README.md"])
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    named = set(NAMED.findall((ROOT / document).read_text(encoding="utf-8")))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_walks_name_a_file_for_each_of_their_steps() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    walks = text.partition("## Three walks")[2].partition("\n## ")[0]
    steps = re.split(r"^\d\. ", walks, flags=re.MULTILINE)[1:]
    assert len(re.findall(r"^### ", walks, flags=re.MULTILINE)) == 3
    assert [step for step in steps if not NAMED.search(step)] == []
