"""`make bench`: run every measurement, print a table, write build/bench.json.

Each `tests/bench/*_bench.py` has `run(quick: bool) -> list[dict]`; a figure is `name, value, unit` and, where a peer
ran in the same rounds, `peer, ratio`. Nothing is judged here: budgets stand in docs/budgets.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import pathlib
import sys
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main(argv: list[str] | None = None) -> int:
    """Measure; 1 when a figure is missing or isn't a finite number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: shows that each figure can be measured")
    parser.add_argument("only", nargs="*", help="names of benches, as in tests/bench/<name>_bench.py")
    options = parser.parse_args(argv)
    figures: list[dict[str, Any]] = []
    bad: list[str] = []
    for path in sorted((ROOT / "tests" / "bench").glob("*_bench.py")):
        name = path.stem.removesuffix("_bench")
        if options.only and name not in options.only:
            continue
        start = time.monotonic()
        found = importlib.import_module(f"tests.bench.{path.stem}").run(options.quick)
        print(f"bench: {name} in {time.monotonic() - start:.0f} s", flush=True)
        bad += [name] if not found else []
        figures += found
    bad += [figure["name"] for figure in figures if not math.isfinite(float(figure["value"]))]
    width = max((len(figure["name"]) for figure in figures), default=10)
    for figure in figures:
        print(row(figure, width))
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if bad:
        print(f"bench: no finite figure from {', '.join(bad)}", file=sys.stderr)
    return int(bool(bad))


def row(figure: dict[str, Any], width: int) -> str:
    """A figure as a line of the table, beside its peer where there is something to compare with."""
    peer = f"  {figure['ratio']:.2f} x {figure['peer']}" if figure.get("ratio") is not None else ""
    return f"{figure['name']:<{width}}  {figure['value']:>12,.3f} {figure['unit']:<10}{peer}"


if __name__ == "__main__":
    sys.exit(main())
