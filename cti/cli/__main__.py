"""`python -m cti.cli` is `fcc-connector`."""

from __future__ import annotations

from cti.cli.main import run

if __name__ == "__main__":
    run()
