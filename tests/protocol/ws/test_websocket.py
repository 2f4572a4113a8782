"""The WebSocket against raw sockets, under both of gunicorn's threaded workers."""

from __future__ import annotations

import contextlib
import json
import struct
import threading
import urllib.request

import pytest

from tests.protocol.wire import ORIGIN, Ended, RawClient, Server, encode, gunicorn
from tests.support.wait import until

GOOD = "test.v1, bearer.good"


@pytest.fixture(scope="module", params=["gevent", "gthread"])
def server(request, tmp_path_factory) -> Server:
    log = tmp_path_factory.mktemp("ws") / "gunicorn.log"
    with gunicorn("tests.protocol.ws.app:app", request.param, log) as running:
        yield running


def state(server: Server) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/state", timeout=5) as answer:
        return json.load(answer)


def echo(server: Server, **how) -> RawClient:
    return RawClient.connect(server.port, "/echo", protocols=how.pop("protocols", GOOD), **how)


def test_a_message_comes_back_and_the_servers_subprotocol_is_named(server):
    with echo(server) as client:
        assert (client.status, client.headers["sec-websocket-protocol"]) == (101, "test.v1")
        assert client.headers["sec-websocket-accept"] == "BACScCJPNqyz+UBoqMH89VmURoA="
        assert "sec-websocket-extensions" not in client.headers
        client.text("zażółć")
        assert client.message() == "zażółć"


def test_fragments_with_a_ping_between_them_are_one_message(server):
    with echo(server) as client:
        client.send(1, "zaż".encode()[:4], fin=False)
        client.send(9, b"still there?")
        client.send(0, "zaż".encode()[4:] + b"o", fin=False)
        client.send(0, b"lc")
        pong = client.frame()
        assert (pong.opcode, pong.payload) == (10, b"still there?")
        assert client.message() == "zażolc"


def test_a_frame_that_comes_byte_by_byte_is_read(server):
    with echo(server) as client:
        for byte in encode(1, b"slow"):
            client.sock.send(bytes([byte]))
        assert client.message() == "slow"


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([(1, b"x" * 1001, {})], 1009, id="a message above the limit"),
        pytest.param([(1, b"x" * 600, {"fin": False}), (0, b"x" * 600, {})], 1009, id="fragments above the limit"),
        pytest.param([(1, b"x", {"mask": False})], 1002, id="no mask"),
        pytest.param([(1, b"\xc3\x28", {})], 1007, id="bad UTF-8"),
        pytest.param([(1, b"x", {"rsv": 0x40})], 1002, id="a reserved bit"),
        pytest.param([(3, b"x", {})], 1002, id="a reserved opcode"),
        pytest.param([(0, b"x", {})], 1002, id="a continuation of nothing"),
        pytest.param([(9, b"x" * 126, {})], 1002, id="a long ping"),
        pytest.param([(8, struct.pack("!H", 1005), {})], 1002, id="a close with 1005"),
        pytest.param([(9, b"", {})] * 101, 1008, id="a flood of pings"),
        pytest.param([(1, b"", {"fin": False})] + [(0, b"", {"fin": False})] * 64, 1008, id="too many fragments"),
        pytest.param([(1, b"x", {"fin": False})] + [(0, b"x", {"fin": False})] * 64, 1008, id="too small fragments"),
        pytest.param([(1, b"", {})] * 1001, 1008, id="a flood of empty messages"),
    ],
)
def test_what_breaks_the_protocol_closes_the_socket(server, frames, code):
    with echo(server) as client:
        for opcode, payload, how in frames:
            client.send(opcode, payload, **how)
        assert client.close_code() == code
        with pytest.raises(Ended):
            client.frame()


def test_a_message_may_come_in_many_fragments(server):
    with echo(server) as client:
        client.send(1, b"a", fin=False)
        for _ in range(62):
            client.send(0, b"b", fin=False)
        client.send(0, b"c")
        assert client.message() == "a" + 62 * "b" + "c"


@pytest.mark.parametrize(
    "frame", [encode(0, b"", fin=False), encode(1, b""), encode(10, b"")], ids=["fragment", "message", "pong"]
)
def test_a_flood_of_empty_frames_is_cut_off_and_the_others_are_answered_meanwhile(server, frame):
    with echo(server) as flooding, echo(server) as other:
        flooding.send(1, b"", fin=frame[0] != 0)

        def flood() -> None:
            with contextlib.suppress(OSError):
                for _ in range(400):
                    flooding.sock.sendall(frame * 2000)

        thread = threading.Thread(target=flood)
        thread.start()
        for number in range(50):
            other.text(str(number))
            assert other.message() == str(number)
        thread.join(30)
        assert not thread.is_alive()
        until(lambda: state(server)["closed"][-1:] == [1008])


def test_a_close_is_answered_with_the_same_code(server):
    with echo(server) as client:
        client.send(8, struct.pack("!H", 4000) + b"bye")
        assert client.close_code() == 4000
        with pytest.raises(Ended):
            client.frame()


def test_a_close_without_a_code_is_answered_without_one(server):
    with echo(server) as client:
        client.send(8)
        got = client.frame()
        assert (got.opcode, got.payload) == (8, b"")


def test_a_client_that_vanishes_frees_its_place(server):
    before = len(state(server)["closed"])
    echo(server).close()
    until(lambda: len(state(server)["closed"]) > before)
    assert state(server)["closed"][-1] == 1006
    until(lambda: state(server)["open"] == 0)


@pytest.mark.parametrize("origin", [None, "http://evil.localhost:8000", ORIGIN + "0", "null", ORIGIN + "@evil.example"])
def test_a_page_of_another_origin_is_refused_before_the_handshake(server, origin):
    with echo(server, origin=origin) as client:
        assert client.status == 403
        assert json.loads(client.body)["code"] == "ws-origin-refused"


@pytest.mark.parametrize("protocols", [None, "test.v1", "test.v1, bearer.bad", "test.v1, bearer.good, bearer.good"])
def test_without_one_good_token_there_is_no_handshake(server, protocols):
    with echo(server, protocols=protocols) as client:
        assert client.status == 401


def test_an_unknown_subprotocol_is_refused(server):
    with echo(server, protocols="other.v9, bearer.good") as client:
        assert (client.status, json.loads(client.body)["code"]) == (400, "ws-subprotocol-unknown")


@pytest.mark.parametrize(
    "extra",
    [
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": ""},
        {"Connection": "keep-alive"},
        {"Upgrade": "h2c"},
    ],
)
def test_what_is_no_opening_handshake_is_refused(server, extra):
    with echo(server, extra=extra) as client:
        assert client.status == 400


def test_sixteen_megabytes_reach_a_slow_reader_whole(server):
    size = 16 * 1024 * 1024
    with RawClient.connect(server.port, f"/big/{size}", receive_buffer=16384, timeout=30) as client:
        got = client.frame()
        assert (got.opcode, len(got.payload)) == (1, size)
        assert got.payload == b"x" * size
        assert client.close_code() == 1000


def test_two_threads_sending_at_once_do_not_mix_their_messages(server):
    with RawClient.connect(server.port, "/two", timeout=30) as client:
        got = [client.message() for _ in range(400)]
    for letter in "ab":
        mine = [text for text in got if text[0] == letter]
        assert mine == [f"{letter}{i}:" + letter * 5000 for i in range(200)]


def test_a_reader_that_is_too_slow_for_its_queue_is_told_so(server):
    with RawClient.connect(server.port, "/flood", receive_buffer=16384):
        until(lambda: 1013 in state(server)["closed"], 10)
        until(lambda: state(server)["open"] == 0)


def test_a_reader_that_takes_nothing_is_cut_off(server):
    before = state(server)["closed"].count(1006)
    with RawClient.connect(server.port, "/stuck", receive_buffer=4096):
        until(lambda: state(server)["closed"].count(1006) > before, 10)
        until(lambda: state(server)["open"] == 0)


def test_silence_is_pinged_and_then_ended(server):
    with RawClient.connect(server.port, "/ping") as client:
        assert client.frame().opcode == 9
        client.send(10)
        assert client.frame().opcode == 9
        with pytest.raises(Ended):
            client.frame()


@pytest.mark.parametrize("worker", ["gevent", "gthread"])
def test_a_restart_tells_every_socket_and_takes_no_time(tmp_path, worker):
    count = 1000 if worker == "gevent" else 50
    with gunicorn("tests.protocol.ws.app:app", worker, tmp_path / "log") as server:
        clients = [echo(server, timeout=20) for _ in range(count)]
        assert state(server)["open"] == count
        took = server.terminate()
        assert took <= 6, (took, server.log.read_text()[-2000:])  # of 13; how long it takes the bench measures
        assert {client.close_code() for client in clients} == {1012}
        for client in clients:
            client.close()
