"""One org put together: its parts under one lock, started from a world, changed by the control interface.

With a journal, all but faults and counters outlives the process.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from .access import Access
from .faults import Counters, Faults
from .ids import make
from .journal import Changes
from .records import Records
from .seed import seed
from .sessions import Sessions
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hosts import Site
    from .journal import Journal, Tables
    from .metadata.package import Package
    from .records import Record
    from .world import World

API_VERSION: Final = "67.0"
ORG_ID: Final = make("00D", 7_001)


class Org:
    """One org: `records`, `access`, `sessions`, `settings`, `faults`, `counters`, each new after a reset.

    Their methods take the lock themselves; callers that do more in one step hold `lock` (re-entrant).
    """

    def __init__(
        self, site: Site, package: Package, world: World, now: Callable[[], float], journal: Journal | None = None
    ) -> None:
        self.site = site
        self.package = package
        self.world = world
        self.now = now
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.id = ORG_ID
        self.canvas_id = make("06P", 31)
        self.canvas_reference = make("09H", 44)
        self._journal = journal
        self._wipe()
        if journal is not None:
            kept = journal.read(self._world_id)
            if kept is not None:
                self._remember(kept)
            journal.start(self._world_id, self._everything())

    # start and reset

    def _wipe(self) -> None:
        self.settings = Settings()
        for name, value in self.world.settings.items():
            self.settings.change(name, value)
        self.faults = Faults()
        self.counters = Counters()
        self._changes = Changes()
        self.records = Records(
            self.package.activity_fields(), self.settings, self.counters, self.now, self.lock, self._changes
        )
        self.access = Access(self.records, self.package, self.lock, self._changes)
        self.sessions = Sessions(
            self.id, self.world.apps.canvas_name, self.records, self.settings, self.now, self.lock, self._changes
        )
        self.locators: dict[str, tuple[str, list[Record], int]] = {}
        self.owner_id = seed(self.records, self.id, self.world, self.package)
        self._world_id = self._fingerprint()

    def reset(self) -> None:
        """Everything as at the start, sessions and tokens gone."""
        with self.lock:
            self._wipe()
            if self._journal is not None:
                self._journal.start(self._world_id, self._everything())

    # what outlives a run

    def keep(self) -> None:
        """Write what changed since the last time to the journal, if there is one."""
        with self.lock:
            changed = self._changes.take()
            if self._journal is None or not changed:
                return
            beside = self._beside() if any(table.startswith("$") for table, _ in changed) else {}
            self._journal.append(
                (table, key, (beside[table] if table in beside else self.records.table(table)).get(key))
                for table, key in changed
            )

    def _beside(self) -> Tables:
        """All that is kept but records."""
        return {"$settings": {"": asdict(self.settings)}, **self.sessions.kept(), **self.access.kept()}

    def _everything(self) -> Tables:
        self._changes.take()
        return {**self._beside(), **self.records.tables}

    def _remember(self, kept: Tables) -> None:
        """Take the place of the state that ended."""
        for name, value in kept.get("$settings", {}).get("", {}).items():
            self.settings.change(name, value)
        self.sessions.remember(kept)
        self.access.remember(kept)
        self.records.remember({name: rows for name, rows in kept.items() if not name.startswith("$")})

    def _fingerprint(self) -> str:
        """Tells this org's world, package and address from others: what stands there at the start, but no times."""
        rows = {
            name: [
                {key: value for key, value in row.items() if not key.endswith(("Date", "Modstamp", "_at"))}
                for row in table.values()
            ]
            for name, table in self.records.tables.items()
        }
        schema = self.records.schema
        known = sorted(f"{kind.name}.{one.name}" for kind in schema.values() for one in kind.fields.values())
        text = json.dumps([self.site.my_origin, known, rows], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    # switches

    def change_settings(self, said: dict[str, Any]) -> None:
        """Change switches by name; `language` and `api_enabled` take {user name: value}.

        Raises ValueError or KeyError for what does not exist.
        """
        with self.lock:
            for name, value in said.items():
                if name == "language":
                    for username, language in dict(value).items():
                        user = self.records.user_by_name(username)
                        user["LanguageLocaleKey"] = language
                        self.records.touch("User", user)
                elif name == "api_enabled":
                    for username, enabled in dict(value).items():
                        self.access.enable_api(username, bool(enabled))
                else:
                    self.settings.change(name, value)
                    self._changes.touch("$settings", "")
                    if name == "person_accounts":
                        self.records.follow_settings()

    def settings_json(self) -> dict[str, Any]:
        """The switches as they are."""
        return asdict(self.settings)
