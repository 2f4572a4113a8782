"""The pane's channel as a route: who is let in is decided before the 101, under both workers."""

from __future__ import annotations

import json

import pytest

from tests.protocol.wire import RawClient, Server, gunicorn

GOOD = "fcc-pane.v1, bearer.7"


@pytest.fixture(scope="module", params=["gevent", "gthread"])
def server(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("pane")
    env = {"STATE": str(directory)}
    with gunicorn("tests.bench.fanout_app:create_app()", request.param, directory / "log", env=env) as running:
        yield running


def connect(server: Server, **how) -> RawClient:
    return RawClient.connect(server.port, "/pane/channel", protocols=how.pop("protocols", GOOD), **how)


def hello(client: RawClient) -> dict:
    client.text(json.dumps({"id": "c1", "type": "hello", "pane": "pane-one", "lastSeq": None, "focused": True}))
    return json.loads(client.message())


def test_a_signed_in_page_is_let_in_and_the_token_is_not_echoed(server):
    with connect(server) as client:
        assert (client.status, client.headers["sec-websocket-protocol"]) == (101, "fcc-pane.v1")
        assert hello(client)["ok"]["leader"] is True
        assert json.loads(client.message())["type"] == "snapshot"


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"origin": "http://evil.example"}, 403, "ws-origin-refused"),
        ({"origin": None}, 403, "ws-origin-refused"),
        ({"protocols": "fcc-pane.v1"}, 401, "no-session"),
        ({"protocols": "fcc-pane.v1, bearer.bad"}, 401, "no-session"),
        ({"protocols": "bearer.7"}, 400, "ws-subprotocol-unknown"),
        ({"protocols": "fcc-pane.v2, bearer.7"}, 400, "ws-subprotocol-unknown"),
    ],
)
def test_anybody_else_is_refused_before_the_handshake(server, how, status, code):
    with connect(server, **how) as client:
        assert (client.status, json.loads(client.body)["code"]) == (status, code)


def test_a_person_has_so_many_panes_and_no_more(server):
    clients = [connect(server, protocols="fcc-pane.v1, bearer.8") for _ in range(17)]
    assert [client.status for client in clients] == [101] * 16 + [429]
    for client in clients:
        client.close()


@pytest.mark.parametrize("worker", ["gevent", "gthread"])
def test_a_restart_tells_every_pane(tmp_path, worker):
    with gunicorn(
        "tests.bench.fanout_app:create_app()", worker, tmp_path / "log", env={"STATE": str(tmp_path)}
    ) as server:
        clients = [connect(server, protocols=f"fcc-pane.v1, bearer.{i}") for i in range(10)]
        for client in clients:
            hello(client)
        took = server.terminate()
        codes = {client.close_code() for client in clients}
        for client in clients:
            client.close()
        assert codes == {1012}
        assert took < 6  # of 13; how long it takes the bench measures
