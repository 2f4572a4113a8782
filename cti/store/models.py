"""All tables: importing this module makes `Base.metadata` whole."""

from __future__ import annotations

from cti.store import accounts, agents, call_logs, calls, events, facts, keys, outbox, pane_calls, sip_dialogs
from cti.store.base import Base

metadata = Base.metadata

__all__ = [
    "accounts",
    "agents",
    "call_logs",
    "calls",
    "events",
    "facts",
    "keys",
    "metadata",
    "outbox",
    "pane_calls",
    "sip_dialogs",
]
