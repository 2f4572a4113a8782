"""Write docs/third-party.md: what is installed or bundled, with its licence, from the packages' own metadata."""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "third-party.md"


def locked(name: str) -> set[str]:
    """The distributions that a requirements file pins."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {re.sub(r"[-_.]+", "-", found).lower() for found in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}


def licence(name: str) -> tuple[str, str] | None:
    """A distribution's version and licence; None where it isn't installed (other systems' packages)."""
    try:
        meta = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    stated = str(meta.json.get("license_expression") or meta.json.get("license") or "").strip().splitlines()
    classifiers = [c.rsplit(" :: ", 1)[-1] for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    text = stated[0] if stated and len(stated[0]) < 60 else ", ".join(classifiers)  # noqa: PLR2004 - a name, not a text
    return str(meta["Version"]), text or "see its files"


def rows(names: set[str]) -> list[str]:
    """Table rows for distributions, by name."""
    return [f"| {name} | {found[0]} | {found[1]} |" for name in sorted(names) if (found := licence(name))]


def page() -> str:
    """The whole page."""
    base, simulators, dev = locked("base"), locked("simulators"), locked("dev")
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    def node(names: dict[str, str]) -> list[str]:
        found = [(name, lock[f"node_modules/{name}"]) for name in sorted(names)]
        return [f"| {name} | {entry['version']} | {entry.get('license', 'see its files')} |" for name, entry in found]

    head = ["", "| package | version | licence |", "|---|---|---|"]
    return "\n".join([
        "# Third-party software",
        "",
        "Installed from PyPI and npm, never committed. Made by `python -m tools.third_party`.",
        "",
        "## In the service",
        *head, *rows(base),
        "",
        "## Bundled with the pane",
        "",
        "The Design System's code is BSD-3-Clause; its icons are CC BY-ND 4.0, shipped as single files, unmodified.",
        *head, *node(package["dependencies"]),
        "",
        "## In the simulators only",
        *head, *rows(simulators - base),
        "",
        "## For building and testing",
        *head, *rows(dev - simulators), *node(package["devDependencies"]),
        "",
    ])  # fmt: skip


def main() -> None:
    """Write the page."""
    TARGET.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
