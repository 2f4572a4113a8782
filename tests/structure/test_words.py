"""One word, one thing: a record is Salesforce's, audio is a recording, facts are stored."""

from __future__ import annotations

import ast
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

SALESFORCES = {
    "Record": "what a pane names and a search finds",
    "ClickedRecord": "the one a number was clicked on, as a pane sends it",
    "NamedRecord": "what it takes to ask for one, as a pane sends it",
    "RecordShown": "one as the pane is shown it",
    "RecordAccess": "whether an agent may read one",
    "RecordChecks": "which were named and are still to be asked for",
    "RecordDeletedError": "one that is not there any more",
    "RecordNotReadableError": "one that the agent may not see",
    "named_record": "the one that a pane names",
    "_named_record": "the one that a message of Salesforce's names",
    "record_id": "the id of one",
    "records_from": "candidates out of a stored fact",
    "_records": "those in an answer of Salesforce's",
}
"""What is named after Salesforce's records, and what of them it is."""

OTHERS = {"record_routes": "SIP's Record-Route, RFC 3261"}


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
    return {name for path in folder.rglob("*.py") for name in named(path)}


def test_a_record_is_salesforces_and_nothing_else():
    assert all_named(ROOT / "cti") - SALESFORCES.keys() - OTHERS.keys() == set()


def test_every_exception_is_still_there():
    assert SALESFORCES.keys() | OTHERS.keys() <= all_named(ROOT / "cti")


def test_a_word_is_found_wherever_it_stands_in_a_name(tmp_path: pathlib.Path):
    (tmp_path / "room.py").write_text(
        "class CallRecorder:\n    def record_call(self): ...\n    def recording(self): ...\n"
        "def discord(): ...\nOPTION = option('--record-other-phones')\n"
    )
    assert all_named(tmp_path) == {"CallRecorder", "record_call", "--record-other-phones"}
