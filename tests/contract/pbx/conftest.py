"""The two sides the adapter is held against: a stand-in that knows the document, and the FCC simulator."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cti import outgoing
from cti.pbx.fcc_external_api import FccExternalApi
from tests.contract.pbx.schema import Watched
from tests.contract.pbx.stand_in import KEY, StandIn
from tests.support import accounts
from tests.support.json_server import JsonServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.clock import DrivenClock

ROOT = Path(__file__).parents[3]


@dataclass
class Side:
    """An FCC to talk to, and how to make adapters for it."""

    url: str
    make: Callable[..., FccExternalApi]
    watched: Watched


@contextmanager
def simulator(state: Path) -> Iterator[str]:
    """The FCC simulator as a program of its own; gives its address."""
    program = subprocess.Popen(
        [sys.executable, "-m", "simulators.fcc", "--port", "0", "--state", str(state)],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert program.stdout is not None
        yield str(json.loads(program.stdout.readline())["url"])
    finally:
        program.terminate()
        program.wait(10)
        program.stdout.close()


@pytest.fixture(scope="session")
def simulator_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if importlib.util.find_spec("simulators.fcc.__main__") is None:
        pytest.skip("there is no FCC simulator in this checkout")
    with simulator(tmp_path_factory.mktemp("fcc")) as url:
        yield url


@pytest.fixture(params=["stand-in", "simulator"])
def side(request: pytest.FixtureRequest, clock: DrivenClock) -> Iterator[Side]:
    with outgoing.session() as http:
        watched = Watched(http)

        def make(**changes: str) -> FccExternalApi:
            tenant = accounts.tenant(clock, api_key=KEY, base_url=f"{url}/external-api")
            return FccExternalApi(replace(tenant, **changes), http=http, clock=clock)

        if request.param == "simulator":
            url = request.getfixturevalue("simulator_url")
            yield Side(url, make, watched)
        else:
            with JsonServer(StandIn(), host="fcc.localhost") as server:
                url = server.url
                yield Side(url, make, watched)
