"""`make dist`: the tarball an operator unpacks and runs; no Node, no simulator, no test in it."""

from __future__ import annotations

import gzip
import io
import pathlib
import subprocess
import sys
import tarfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOP = (
    "app.py", "wsgi.py", "gunicorn.conf.py", "Procfile", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE",
    "requirements/base.txt", "tools/__init__.py", "tools/render_metadata.py",
)  # fmt: skip
FOLDERS = ("cti", "static/dist", "templates", "sf_metadata", "docs")


def main() -> int:
    """Pack dist/fcc-connector-<version>.tar.gz, the same bytes for the same commit and pane."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    name = f"fcc-connector-{version}"
    when = int(
        subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    )
    files = [ROOT / path for path in TOP]
    for folder in FOLDERS:
        files += [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    target = ROOT / "dist" / f"{name}.tar.gz"
    target.parent.mkdir(exist_ok=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            info = tar.gettarinfo(str(path), f"{name}/{path.relative_to(ROOT)}")
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = when
            info.mode = 0o755 if info.mode & 0o100 else 0o644
            with path.open("rb") as content:
                tar.addfile(info, content)
    with target.open("wb") as out, gzip.GzipFile(fileobj=out, mode="wb", mtime=when, filename="") as zipped:
        zipped.write(packed.getvalue())
    print(f"{target.relative_to(ROOT)}: {len(files)} files, {target.stat().st_size / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
