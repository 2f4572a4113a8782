"""The SIP relay against raw sockets on both sides, under both of gunicorn's threaded workers."""

from __future__ import annotations

import contextlib
import json
import queue
import select
import socket
import struct
import threading
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cti.ws.handshake import accept_value
from tests.protocol.wire import Ended, RawClient, Server, encode, gunicorn, serving
from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parent / "corpus"


@dataclass
class Pbx:
    """The far side: answers the handshake as told, keeps what it gets, says what the test wants."""

    accepts: bool = True
    protocol: str = "sip"
    requests: list[str] = field(default_factory=list)
    peers: queue.Queue[RawClient] = field(default_factory=queue.Queue)
    done: threading.Event = field(default_factory=threading.Event)
    with_answer: bytes = b""

    def handle(self, sock: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(4096)
            if not piece:
                return
            data += piece
        request = data.decode()
        self.requests.append(request)
        if not self.accepts:
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        key = request.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_value(key)}\r\nSec-WebSocket-Protocol: {self.protocol}\r\n\r\n"
        )
        sock.sendall(answer.encode() + self.with_answer)
        sock.settimeout(10)
        self.peers.put(RawClient(sock))
        self.done.wait(60)


@pytest.fixture(scope="module")
def pbx() -> Iterator[tuple[Pbx, int]]:
    far = Pbx()
    with serving(far.handle) as port:
        yield far, port
        far.done.set()


@pytest.fixture(scope="module", params=["gevent", "gthread"])
def server(request, pbx, tmp_path_factory) -> Iterator[Server]:
    with relaying(request.param, pbx[1], tmp_path_factory.mktemp("relay"), ping=2) as running:
        yield running


@pytest.fixture(params=["gevent", "gthread"])
def patient_server(request, pbx, tmp_path) -> Iterator[Server]:
    """One that does not take a phone for silent whose sender a busy machine keeps from its turn."""
    with relaying(request.param, pbx[1], tmp_path, ping=25) as running:
        yield running


@contextlib.contextmanager
def relaying(worker: str, pbx_port: int, folder: Path, *, ping: int) -> Iterator[Server]:
    env = {"UPSTREAM": f"ws://fcc.localhost:{pbx_port}/sip?x=1", "PING": str(ping)}
    with gunicorn("tests.protocol.proxy.app:create_app()", worker, folder / "gunicorn.log", env=env) as running:
        yield running


@pytest.fixture
def far(pbx) -> Iterator[Pbx]:
    yield pbx[0]
    while not pbx[0].peers.empty():
        pbx[0].peers.get().close()


def get(server: Server, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
        return answer.read().decode()


def state(server: Server) -> dict:
    return json.loads(get(server, "/state"))


def number(server: Server, name: str) -> float:
    return state(server)["numbers"].get(name, 0)


def dial_in(server: Server, **how) -> RawClient:
    how.setdefault("protocols", "sip")
    return RawClient.connect(server.port, f"/pane/sip?ticket={get(server, '/ticket')}", **how)


@pytest.fixture
def pair(server, far) -> Iterator[tuple[RawClient, RawClient]]:
    with dial_in(server) as phone:
        assert phone.status == 101, phone.body
        peer = far.peers.get(timeout=5)
        yield phone, peer
        peer.close()
    until(lambda: state(server)["open"] == 0, 10)


def good(name: str = "register") -> bytes:
    return (CORPUS / "allowed" / f"{name}.sip").read_bytes()


@pytest.mark.assumed("A40")
def test_the_upstream_is_asked_first_and_sip_is_spoken(server, far, pair):
    phone, _ = pair
    assert phone.headers["sec-websocket-protocol"] == "sip"
    request = far.requests[-1]
    assert request.startswith("GET /sip?x=1 HTTP/1.1\r\nHost: fcc.localhost:")
    assert "Sec-WebSocket-Protocol: sip\r\n" in request
    assert "ticket" not in request
    assert "Origin" not in request


def test_messages_travel_both_ways_as_they_are(pair):
    phone, peer = pair
    phone.send(1, good())
    got = peer.frame()
    assert got.masked
    assert _unmasked(got.payload, peer) == good()
    reply = b"SIP/2.0 200 OK\r\n\r\n" + bytes(range(65, 91)) * 20
    peer.sock.sendall(encode(1, reply[:100], mask=False, fin=False) + encode(9, b"hi", mask=False))
    peer.sock.sendall(encode(0, reply[100:], mask=False))
    first, ping, rest = phone.frame(), phone.frame(), phone.frame()
    assert (first.payload + rest.payload, ping.opcode, ping.payload) == (reply, 9, b"hi")


def _unmasked(payload: bytes, peer: RawClient) -> bytes:
    # RawClient.frame leaves the mask in front of what is masked.
    raw = payload + peer._buffer[:4]
    peer._buffer = peer._buffer[4:]
    key, body = raw[:4], raw[4:]
    whole = (key * (len(body) // 4 + 1))[: len(body)]
    return (int.from_bytes(body) ^ int.from_bytes(whole)).to_bytes(len(body))


def numbered(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield good("options").replace(b"Content-Length: 0\r\n", b"Subject: %06d%s\r\n" % (number, b"x" * 5000))


@pytest.mark.parametrize("towards", ["phone", "pbx"])
def test_a_slow_reader_gets_everything_in_order(patient_server, far, towards):
    with dial_in(patient_server, receive_buffer=8192) as phone:
        peer = far.peers.get(timeout=5)
        sender, reader = (peer, phone) if towards == "phone" else (phone, peer)
        # A phone may not say more than that at once.
        count = 2500 if towards == "phone" else 600
        frames = [encode(1, each, mask=sender is phone) for each in numbered(count)]
        talking = threading.Thread(target=lambda: [sender.sock.sendall(each) for each in frames])
        talking.start()
        # Nobody reads until the sender stands still, because all that lies between is full, or has said everything.
        until(lambda: not talking.is_alive() or stands_still(sender), 20)
        for expected in numbered(count):
            got = reader.frame().payload
            assert (got if reader is phone else _unmasked(got, peer)) == expected
        talking.join(10)
        peer.close()
    until(lambda: state(patient_server)["open"] == 0, 10)


def stands_still(client: RawClient) -> bool:
    return not select.select([], [client.sock], [], 0.5)[1]


def test_a_message_in_fragments_is_judged_whole(server, pair):
    phone, peer = pair
    bad = (CORPUS / "refused/invite-other-from.sip").read_bytes()
    phone.send(1, bad[:40], fin=False)
    phone.send(0, bad[40:])
    assert phone.message().startswith("SIP/2.0 403 Forbidden\r\n")
    phone.send(1, good()[:10], fin=False)
    phone.send(9, b"between")
    phone.send(0, good()[10:])
    opcodes = [peer.frame() for _ in range(1)]
    assert opcodes[0].opcode in {1, 9}


@pytest.mark.parametrize("name", ["invite-other-from", "register-other-to", "message", "invite-forbidden-number"])
def test_a_request_for_somebody_else_is_refused_here(server, pair, name):
    phone, peer = pair
    before = sum(state(server)["numbers"].values())
    phone.send(1, (CORPUS / "refused" / f"{name}.sip").read_bytes())
    answer = phone.message()
    assert answer.startswith(("SIP/2.0 403 Forbidden\r\n", "SIP/2.0 405 Method Not Allowed\r\n"))
    assert sum(state(server)["numbers"].values()) == before + 1
    phone.send(1, good())
    assert _unmasked(peer.frame().payload, peer) == good()


def test_a_refusal_waits_for_the_end_of_the_pbxs_frame(pair):
    phone, peer = pair
    whole = encode(1, b"SIP/2.0 180 Ringing and so on\r\n\r\n", mask=False)
    peer.sock.sendall(whole[:10])
    phone.sock.settimeout(5)
    until(lambda: len(phone.sock.recv(10, socket.MSG_PEEK)) == 10)
    phone.send(1, (CORPUS / "refused/message.sip").read_bytes())
    phone.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        phone._need(11)
    phone.sock.settimeout(5)
    peer.sock.sendall(whole[10:])
    assert phone.frame().payload.startswith(b"SIP/2.0 180")
    assert phone.message().startswith("SIP/2.0 405")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([(1, b"nonsense", {})], 1008, id="no SIP"),
        pytest.param([(1, good() + b"x" * 70_000, {})], 1009, id="too big"),
        pytest.param([(1, b"x" * 40_000, {"fin": False}), (0, b"x" * 40_000, {})], 1009, id="too big in fragments"),
        pytest.param([(1, good(), {"mask": False})], 1002, id="no mask"),
        pytest.param([(0, good(), {})], 1002, id="a continuation of nothing"),
        pytest.param([(1, good(), {"fin": False}), (1, good(), {})], 1002, id="a start inside a message"),
        pytest.param([(1, good(), {"rsv": 0x40})], 1002, id="a reserved bit"),
    ],
)
def test_what_is_not_understood_ends_the_socket(pair, frames, code):
    phone, _ = pair
    for opcode, payload, how in frames:
        phone.send(opcode, payload, **how)
    assert phone.close_code() == code
    with pytest.raises(Ended):
        phone.frame()


@pytest.mark.parametrize("piece", [b"", b"x"], ids=["empty", "short"])
def test_a_flood_of_fragments_ends_its_own_socket_and_keeps_nobody_waiting(server, far, piece):
    with dial_in(server) as other, dial_in(server) as flooding:
        far.peers.get(timeout=5)
        far.peers.get(timeout=5)
        flooding.send(1, b"OPTIONS", fin=False)
        flood = encode(0, piece, mask=True, fin=False) * 100_000
        talking = threading.Thread(target=_send_until_cut, args=(flooding.sock, flood))
        talking.start()
        try:
            # Each word of the others is answered while the flood goes on.
            for _ in range(20):
                other.send(1, (CORPUS / "refused/message.sip").read_bytes())
                assert other.message().startswith("SIP/2.0 405")
            assert flooding.close_code() == 1009
        finally:
            flooding.sock.close()
            talking.join(20)
        assert not talking.is_alive()
    until(lambda: state(server)["open"] == 0, 10)


def _send_until_cut(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(data)


def test_the_phones_close_reaches_the_pbx_and_its_answer_comes_back(pair):
    phone, peer = pair
    phone.send(8, struct.pack("!H", 1000))
    got = peer.frame()
    assert got.opcode == 8
    peer.sock.sendall(encode(8, struct.pack("!H", 1000), mask=False))
    assert phone.close_code() == 1000


def test_the_pbxs_close_reaches_the_phone(pair):
    phone, peer = pair
    peer.sock.sendall(encode(8, struct.pack("!H", 1001) + b"bye", mask=False))
    assert phone.close_code() == 1001
    phone.send(8, struct.pack("!H", 1001))
    until(lambda: peer.frame().opcode == 8)


def test_a_pbx_that_vanishes_is_told_to_the_phone(pair):
    phone, peer = pair
    peer.sock.shutdown(socket.SHUT_RDWR)
    assert phone.close_code() == 1011


def test_a_pbx_that_vanishes_within_a_frame_cuts_the_phone(pair):
    phone, peer = pair
    peer.sock.sendall(encode(1, b"SIP/2.0 200 OK\r\n\r\n", mask=False)[:8])
    peer.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(Ended):
        phone.frame()


def test_nonsense_from_the_pbx_ends_the_phones_socket(server, pair):
    phone, peer = pair
    before = state(server)["numbers"].get("pbx-nonsense", 0)
    peer.sock.sendall(b"\xff\x05hello")
    while phone.sock.recv(1024):
        pass
    until(lambda: state(server)["numbers"].get("pbx-nonsense", 0) == before + 1)


def test_a_phone_that_is_silent_is_pinged_and_its_pong_stays_here(pair):
    phone, peer = pair
    assert (phone.frame().opcode, phone.sock.settimeout(5)) == (9, None)
    phone.send(10, b"fcc-relay")
    phone.send(1, good())
    assert _unmasked(peer.frame().payload, peer) == good()


def test_a_phone_that_does_not_answer_is_cut(server, far):
    with dial_in(server) as phone:
        assert phone.frame().opcode == 9
        with pytest.raises(Ended):
            phone.frame()
    until(lambda: state(server)["open"] == 0)


def test_a_ticket_opens_one_socket(server, far):
    ticket = get(server, "/ticket")
    with RawClient.connect(server.port, f"/pane/sip?ticket={ticket}", protocols="sip") as first:
        assert first.status == 101
        with RawClient.connect(server.port, f"/pane/sip?ticket={ticket}", protocols="sip") as second:
            assert (second.status, json.loads(second.body)["code"]) == (403, "sip-ticket-refused")


@pytest.mark.parametrize(
    ("how", "status"),
    [({"origin": "http://evil.example"}, 403), ({"origin": None}, 403), ({"protocols": "chat"}, 400)],
)
def test_a_wrong_page_or_protocol_opens_none(server, far, how, status):
    before = len(far.requests)
    with dial_in(server, **how) as phone:
        assert phone.status == status
    assert len(far.requests) == before


@pytest.mark.parametrize("fault", ["refuses", "speaks something else"])
def test_without_the_pbx_there_is_no_handshake(server, far, fault):
    far.accepts, far.protocol = fault != "refuses", "other" if fault != "refuses" else "sip"
    try:
        with dial_in(server) as phone:
            assert (phone.status, json.loads(phone.body)["code"]) == (502, "pbx-unreachable")
    finally:
        far.accepts, far.protocol = True, "sip"


def test_what_comes_with_the_pbxs_answer_is_not_lost(server, far):
    far.with_answer = encode(1, b"OPTIONS early", mask=False)
    try:
        with dial_in(server) as phone:
            assert phone.message() == "OPTIONS early"
    finally:
        far.with_answer = b""


def test_the_ticket_is_in_no_log(server, far):
    ticket = get(server, "/ticket")
    with RawClient.connect(server.port, f"/pane/sip?ticket={ticket}", protocols="sip"):
        pass
    with RawClient.connect(server.port, f"/pane/sip?ticket={ticket}", protocols="sip"):
        pass
    assert ticket not in server.log.read_text()


@pytest.mark.parametrize("worker", ["gevent", "gthread"])
def test_a_restart_closes_the_phones_between_two_frames(tmp_path, pbx, far, worker):
    env = {"UPSTREAM": f"ws://fcc.localhost:{pbx[1]}/sip"}
    with (
        gunicorn("tests.protocol.proxy.app:create_app()", worker, tmp_path / "log", env=env) as server,
        dial_in(server) as idle,
        dial_in(server) as busy,
    ):
        far.peers.get(timeout=5)
        peer = far.peers.get(timeout=5)
        whole = encode(1, b"SIP/2.0 200 OK\r\n\r\n", mask=False)
        peer.sock.sendall(whole[:10])
        until(lambda: len(busy.sock.recv(10, socket.MSG_PEEK)) == 10)
        closing = threading.Thread(target=server.terminate)
        closing.start()
        assert idle.close_code() == 1012
        peer.sock.sendall(whole[10:])
        assert busy.frame().payload == b"SIP/2.0 200 OK\r\n\r\n"
        assert busy.close_code() == 1012
        closing.join(5)
        assert not closing.is_alive()
