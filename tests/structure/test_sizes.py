"""No file and no class grows past what a reader keeps in mind, unless its docstring says why it must."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("cti", "simulators", "static/pane", "tools")
ENDINGS = {".py", ".js", ".mjs"}
MOST_LINES, MOST_CLASS_LINES = 400, 350
#: How a docstring (in JavaScript the file's first comment) gives the reason for its file's or class's length.
REASON = re.compile(r"\bLonger than (\d+) lines because \w")


def sources(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS and "node_modules" not in path.parts)


def excused(text: str | None, most: int) -> bool:
    found = REASON.search(" ".join((text or "").split()))
    return found is not None and int(found[1]) == most


def docstring_of(path: pathlib.Path, source: str) -> str | None:
    if path.suffix == ".py":
        return ast.get_docstring(ast.parse(source))
    comment = re.match(r"\s*(/\*.*?\*/|(?://[^\n]*\n)+)", source, re.DOTALL)
    return None if comment is None else re.sub(r"^[ \t]*(?://|\*)", " ", comment[0], flags=re.MULTILINE)


def too_long(folder: pathlib.Path) -> list[str]:
    """Files and classes below a folder that are too long and do not say why."""
    found = []
    for path in sources(folder):
        source = path.read_text(encoding="utf-8")
        lines = source.count("\n")
        if lines > MOST_LINES and not excused(docstring_of(path, source), MOST_LINES):
            found.append(f"{path.relative_to(folder)}: {lines} lines")
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > MOST_CLASS_LINES and not excused(ast.get_docstring(node), MOST_CLASS_LINES):
                    found.append(f"{path.relative_to(folder)}: class {node.name}, {lines} lines")
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_and_classes_are_short_or_say_why_not(folder: str):
    assert sources(ROOT / folder)
    assert too_long(ROOT / folder) == []


def test_a_long_file_needs_its_reason(tmp_path: pathlib.Path):
    line = "x = 1\n"
    (tmp_path / "silent.py").write_text('"""Says nothing."""\n' + line * 400)
    (tmp_path / "short.py").write_text(line * 400)
    (tmp_path / "said.py").write_text(
        '"""Words.\n\nLonger than 400 lines because\none table is one thing.\n"""\n' + line * 400
    )
    (tmp_path / "silent.js").write_text("// words\n" + "f();\n" * 400)
    (tmp_path / "said.js").write_text("// Longer than 400 lines\n// because it is one thing.\n" + "f();\n" * 400)
    assert too_long(tmp_path) == ["silent.js: 401 lines", "silent.py: 401 lines"]


def test_a_long_class_needs_its_reason(tmp_path: pathlib.Path):
    body = "    x = 1\n" * 350
    (tmp_path / "silent.py").write_text(f"class Hall:\n{body}")
    reason = '    """A machine.\n\n    Longer than 350 lines because its states are one table.\n    """\n'
    (tmp_path / "said.py").write_text(f"class Machine:\n{reason}{body}")
    assert too_long(tmp_path) == ["silent.py: class Hall, 351 lines"]
