"""Audio over loopback only, whatever addresses the machine has."""

from __future__ import annotations

import aioice.ice
import pytest

from simulators.fcc.media.endpoint import offer_addresses


@pytest.fixture(autouse=True)
def _loopback_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", aioice.ice.get_host_addresses)
    offer_addresses(["127.0.0.1"])
