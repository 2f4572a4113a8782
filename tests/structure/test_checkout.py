"""What must never be committed, and what must be there."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import tomllib

import pytest

from tools.test import lanes

ROOT = pathlib.Path(__file__).resolve().parents[2]


def committed() -> list[pathlib.Path]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [path for name in out.split("\0") if name and (path := ROOT / name).is_file()]


def test_lock_files_name_no_registry_and_pin_every_package_by_hash():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert not [name for name, entry in lock["packages"].items() if entry.get("resolved")]
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "index-url" not in text
        assert "://" not in re.sub(r"#.*", "", text)
        for block in re.split(r"\n(?=[a-zA-Z])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip()):
            assert "--hash=sha256:" in block, f"{path.name}: {block[:60]}"


def test_whatever_the_project_names_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    for name, wanted in {
        "base": project["project"]["dependencies"],
        "simulators": groups["simulators"],
        "dev": [each for each in groups["dev"] if isinstance(each, str)],
    }.items():
        names = {re.split(r"[\[<>=~!;, ]", each)[0].lower() for each in wanted}
        pinned = re.findall(r"^([\w.-]+)==", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)
        assert names - set(pinned) == set(), "run: make requirements"


def test_no_built_or_installed_file_is_committed():
    inside = {"node_modules", ".venv", "dist", "build", "__pycache__"}
    assert not [path for path in committed() if inside & set(path.relative_to(ROOT).parts)]


@pytest.mark.parametrize(
    "name", ["app.py", "wsgi.py", "Procfile", "cti", "static", "templates", "sf_metadata", "tests"]
)
def test_the_top_of_the_checkout_has_the_shape_it_was_promised(name):
    assert (ROOT / name).exists()


def test_every_page_that_docs_link_to_exists():
    links = [
        (page, link)
        for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]
    assert links
    assert not [f"{page.relative_to(ROOT)} → {link}" for page, link in links if not (page.parent / link).exists()]


def test_every_test_is_run_by_exactly_one_lane():
    run = [word for group in lanes() for lane in group for word in lane.command if word.startswith("tests/")]
    names = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    counted = {name: sum(name.startswith(f"{folder}/") for folder in run) for name in names}
    assert {name: count for name, count in counted.items() if count != 1} == {}
