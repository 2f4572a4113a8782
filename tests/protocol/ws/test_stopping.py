"""How the project's own gunicorn worker ends: as soon as nothing is left to do, and not before."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.protocol.wire import Ended, RawClient, Server, encode, gunicorn
from tests.support.wait import until

if TYPE_CHECKING:
    from pathlib import Path

APP = "tests.protocol.ws.app:app"
GUNICORNS_POLL_S = 1.0


def echo(server: Server) -> RawClient:
    return RawClient.connect(server.port, "/echo", protocols="test.v1, bearer.good", timeout=20)


def answer_farewell(client: RawClient) -> int:
    """The code the server closes with, answered as a browser does."""
    with client:
        code = client.close_code()
        client.sock.sendall(encode(8, code.to_bytes(2, "big")))
        with pytest.raises(Ended):
            client.frame()
    return code


def stop_with_sockets(log: Path) -> float:
    """Seconds until a server with twenty open sockets was gone."""
    with gunicorn(APP, "gevent", log) as server:
        clients = [echo(server) for _ in range(20)]
        codes: list[int] = []
        answering = [threading.Thread(target=lambda each=each: codes.append(answer_farewell(each))) for each in clients]
        for each in answering:
            each.start()
        took = server.terminate()
        for each in answering:
            each.join(10)
        assert codes == [1012] * len(clients)
        assert "worker-exit" in log.read_text()
        assert "Traceback" not in log.read_text()
    return took


def test_a_stop_takes_no_longer_than_the_farewells(tmp_path: Path) -> None:
    # Gunicorn's own worker looks once a second whether to end, then once a second whether it may. The best of a few,
    # for the machine may be busy.
    took: list[float] = []
    while len(took) < 8 and (not took or min(took) > 0.9 * GUNICORNS_POLL_S):
        took.append(stop_with_sockets(tmp_path / f"log-{len(took)}"))
    assert min(took) <= 0.9 * GUNICORNS_POLL_S, took


def test_a_request_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    go_on, answers = tmp_path / "go-on", []
    with gunicorn(APP, "gevent", log) as server:

        def ask() -> None:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/slow?until={go_on}", timeout=20) as answer:
                answers.append(answer.read())

        asking = threading.Thread(target=ask)
        asking.start()
        until(lambda: "slow-began" in log.read_text(), 10, what="the request")
        with echo(server) as client:
            stopping = threading.Thread(target=server.terminate)
            stopping.start()
            assert client.close_code() == 1012
        assert "worker-exit" not in log.read_text()
        assert not answers
        go_on.touch()
        asking.join(10)
        stopping.join(10)
        assert answers == [b"slow"]
        assert server.process.returncode == 0
        assert "worker-exit" in log.read_text()


def test_a_request_that_never_ends_keeps_the_application_from_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with gunicorn(APP, "gevent", log, graceful=8) as server:

        def ask() -> None:
            with pytest.raises((urllib.error.URLError, OSError)):
                urllib.request.urlopen(f"http://127.0.0.1:{server.port}/slow?until={tmp_path / 'never'}", timeout=20)

        asking = threading.Thread(target=ask)
        asking.start()
        until(lambda: "slow-began" in log.read_text(), 10, what="the request")
        server.terminate()
        asking.join(10)
        # The master would have killed the worker at the end of the graceful time, and nothing would say so.
        assert "worker-exit" in log.read_text()


def test_a_worker_whose_master_has_gone_ends_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with gunicorn(APP, "gevent", log) as server:
        server.process.kill()
        server.process.wait(10)
        until(lambda: "worker-exit" in log.read_text(), 10, what="the worker's end")
