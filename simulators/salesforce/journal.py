"""What outlives a run: a file of JSON lines, one for each thing that changed, the newest line of a thing counts.

The first line names the world that the lines are about. Lines are written before the answer to the request that
changed something, so a process that is killed loses nothing it has answered; a line cut short is left out.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable

#: Rows by table and key.
Tables = dict[str, dict[str, Any]]


class Changes:
    """Which things (table, key) changed since they were written last. Not thread-safe: its owner holds a lock."""

    def __init__(self) -> None:
        self._changed: set[tuple[str, str]] = set()

    def touch(self, table: str, key: str) -> None:
        """Note that this row changed, came or went."""
        self._changed.add((table, key))

    def take(self) -> list[tuple[str, str]]:
        """What changed, sorted; from now on it is written."""
        changed, self._changed = sorted(self._changed), set()
        return changed


class Journal:
    """The file at `path`. Not thread-safe: its owner holds a lock."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def read(self, world: str) -> Tables | None:
        """The rows as they were last, None when there are none or they are another world's."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        if not lines or lines[0] != json.dumps({"world": world}):
            return None
        tables: Tables = {}
        for line in lines[1:]:
            try:
                table, key, value = json.loads(line)
            except ValueError:
                break
            if value is None:
                tables.get(table, {}).pop(key, None)
            else:
                tables.setdefault(table, {})[key] = value
        return tables

    def start(self, world: str, tables: Tables) -> None:
        """Put these rows in the place of all that was written before, in one step."""
        self.close()
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"world": world}) + "\n")
            file.writelines(_line(table, key, row) for table, rows in tables.items() for key, row in rows.items())
        fresh.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")

    def append(self, changes: Iterable[tuple[str, str, Any]]) -> None:
        """Write (table, key, row) of what changed; a row that is gone is None."""
        if self._file is None:
            raise ValueError("the journal was not started")
        self._file.write("".join(_line(*change) for change in changes))
        self._file.flush()

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _line(table: str, key: str, row: Any) -> str:
    return json.dumps([table, key, row], ensure_ascii=False) + "\n"
