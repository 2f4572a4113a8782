"""One word, one thing: a record is Salesforce's, audio is a recording, facts are stored."""

from __future__ import annotations

import ast
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

SALESFORCES = {
    "calls/checking.py: RecordChecks": "which were named and are still to be asked for",
    "calls/dial.py: named_record": "the one that a pane names",
    "calls/errors.py: RecordNotReadableError": "one that the agent may not see",
    "domain/record.py: Record": "what a pane names and a search finds",
    "domain/record.py: record_id": "the id of one",
    "domain/record.py: records_from": "candidates out of a stored fact",
    "matching/access.py: RecordAccess": "whether an agent may read one",
    "pane/commands.py: NamedRecord": "what it takes to ask for one, as a pane sends it",
    "pane_events.py: ClickedRecord": "the one a number was clicked on, as a pane sends it",
    "pane_events.py: RecordShown": "one as the pane is shown it",
    "salesforce/classify.py: _named_record": "the one that a message of Salesforce's names",
    "salesforce/errors.py: RecordDeletedError": "one that is not there any more",
    "salesforce/org.py: _records": "those in an answer of Salesforce's",
}
"""What is named after Salesforce's records, and what of them it is."""

OTHERS = {"proxy/told.py: record_routes": "SIP's Record-Route, RFC 3261"}


def named(path: pathlib.Path) -> set[str]:
    """The functions, classes and flags of a file that are about records or recording them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"--[a-z/-]+", node.value):
            found.add(node.value)
    return {name for name in found if {"record", "records", "recorder", "recorded"} & words(name)}


def words(name: str) -> set[str]:
    """The words of a name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)}


def all_named(folder: pathlib.Path) -> set[str]:
    """The same of all files below, by file."""
    return {f"{path.relative_to(folder).as_posix()}: {name}" for path in folder.rglob("*.py") for name in named(path)}


def test_a_record_is_salesforces_and_nothing_else():
    assert all_named(ROOT / "cti") - SALESFORCES.keys() - OTHERS.keys() == set()


def test_every_exception_is_still_there():
    assert SALESFORCES.keys() | OTHERS.keys() <= all_named(ROOT / "cti")


def test_a_word_is_found_wherever_it_stands_in_a_name(tmp_path: pathlib.Path):
    (tmp_path / "room.py").write_text(
        "class CallRecorder:\n    def record_call(self): ...\n    def recording(self): ...\n"
        "def discord(): ...\nOPTION = option('--record-other-phones')\n"
    )
    assert named(tmp_path / "room.py") == {"CallRecorder", "record_call", "--record-other-phones"}
    assert "room.py: record_call" in all_named(tmp_path)
