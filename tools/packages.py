"""The programs that tests need beside Python and Node, and the Debian packages they are in.

Only the standard library is used here: `make test` runs this while it is still installing everything else.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: What is needed, the Debian package it is in.
PROGRAMS = {
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "nginx": "nginx-light",
    "ip": "iproute2",
    "initdb": "postgresql",
}


def find(program: str) -> str | None:
    """A program's path; PostgreSQL's own and the system's are not always on PATH."""
    places = ["/usr/sbin", "/sbin", *sorted(map(str, pathlib.Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *places]))


def missing() -> list[str]:
    """The names of the programs that are not here."""
    return [name for name in PROGRAMS if find(name) is None]


def command() -> str:
    """The command that installs what is missing."""
    packages = sorted({PROGRAMS[name] for name in missing()})
    return f"apt-get install -y --no-install-recommends {' '.join(packages)}"


def install() -> bool:
    """Install what is missing, as root with apt, and say so; False where that is not possible."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    if missing():
        names = ", ".join(sorted({PROGRAMS[name] for name in missing()}))
        print(f"test: installing {names} with apt", flush=True)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        log = ROOT / "build" / "apt.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("w") as out:
            for step in (["apt-get", "update"], command().split()):
                subprocess.run(step, env=env, stdout=out, stderr=out, check=False)
    return True


if __name__ == "__main__":
    install()
