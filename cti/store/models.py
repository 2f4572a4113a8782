"""All tables: importing this module makes `Base.metadata` whole."""

from __future__ import annotations

from cti.store import calls, events, models_core, outbox, sip_dialogs
from cti.store.base import Base

metadata = Base.metadata

__all__ = ["calls", "events", "metadata", "models_core", "outbox", "sip_dialogs"]
