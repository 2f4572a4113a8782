"""Run a command where only loopback exists: a network namespace of its own, as root or as a user.

Chromium offers a real interface before loopback, and nothing a test does may reach a network. Where namespaces are not
allowed the command runs as it is, after a line that says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

INSIDE = "FCC_LOOPBACK_ONLY"


def wrapped(command: list[str]) -> list[str] | None:
    """The command behind `unshare` with loopback up, or None where that isn't possible."""
    if os.environ.get(INSIDE) or not (shutil.which("unshare") and shutil.which("ip")):
        return None
    flags = ["-n"] if os.geteuid() == 0 else ["-rn"]
    if subprocess.run(
        ["unshare", *flags, "ip", "link", "set", "lo", "up"], capture_output=True, check=False
    ).returncode:
        return None
    return ["unshare", *flags, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]


def main() -> None:
    """Replace this process with the command given, isolated if that is possible."""
    command = sys.argv[1:]
    inner = wrapped(command)
    if inner is None and not os.environ.get(INSIDE):
        print("isolated: no network namespace here; running with this machine's own network", file=sys.stderr)
    os.environ[INSIDE] = "1"
    target = inner or command
    os.execvp(target[0], target)  # noqa: S606 - becoming the command is what this is for


if __name__ == "__main__":
    main()
