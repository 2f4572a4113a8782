"""The SIP relay towards a PBX that speaks TLS, as FCC does: real TLS, both workers, an authority of our own."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import ssl
import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cti.clock import SystemClock
from tests.protocol.proxy.test_relay import CORPUS, Pbx, _unmasked
from tests.protocol.wire import RawClient, Server, encode, gunicorn, serving
from tests.support.wait import until

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

MESSAGE = (CORPUS / "allowed/register.sip").read_bytes()


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for `name` with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(plain[0]) + key.private_bytes(*plain))
    return path


@pytest.fixture(scope="module")
def pem(tmp_path_factory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"), "fcc.localhost")


@pytest.fixture(scope="module")
def pbx(pem) -> Iterator[tuple[Pbx, int]]:
    far = Pbx()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def handle(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            far.handle(secure)

    with serving(handle) as port:
        yield far, port
        far.done.set()


def relay(pbx: tuple[Pbx, int], worker: str, log: Path, host: str, trusted: Path) -> Iterator[Server]:
    env = {"UPSTREAM": f"wss://{host}:{pbx[1]}/sip", "PING": "5", "SSL_CERT_FILE": str(trusted)}
    with gunicorn("tests.protocol.proxy.app:create_app()", worker, log, env=env) as running:
        yield running


@pytest.fixture(scope="module", params=["gevent", "gthread"])
def server(request, pbx, pem, tmp_path_factory) -> Iterator[Server]:
    yield from relay(pbx, request.param, tmp_path_factory.mktemp("relay") / "log", "fcc.localhost", pem)


def dial_in(server: Server) -> RawClient:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/ticket", timeout=5) as answer:
        ticket = answer.read().decode()
    return RawClient.connect(server.port, f"/pane/sip?ticket={ticket}", protocols="sip")


@pytest.fixture
def pair(server, pbx) -> Iterator[tuple[RawClient, RawClient]]:
    with dial_in(server) as phone:
        assert phone.status == 101, phone.body
        peer = pbx[0].peers.get(timeout=5)
        yield phone, peer
        peer.close()


def test_both_sides_talk_at_once_and_nothing_is_lost_or_mixed_up(pair):
    phone, peer = pair
    count = 200
    answers = [f"SIP/2.0 200 OK\r\nX: {i}\r\n\r\n".encode() + bytes(i * 40) for i in range(count)]
    heard: list[bytes] = []

    def listen() -> None:
        heard.extend(_unmasked(peer.frame().payload, peer) for _ in range(count))

    def talk() -> None:
        for answer in answers:
            peer.sock.sendall(encode(1, answer, mask=False))

    def speak() -> None:
        for _ in range(count):
            phone.send(1, MESSAGE)

    # The PBX's socket is TLS: one thread of the test reads and one writes, as the relay must do it too.
    speaker, far_side = threading.Thread(target=speak), threading.Thread(target=lambda: (talk(), listen()))
    speaker.start()
    far_side.start()
    assert [phone.frame().payload for _ in range(count)] == answers
    speaker.join(10)
    far_side.join(10)
    assert heard == [MESSAGE] * count


def test_a_long_silence_within_a_message_is_waited_for(pair):
    phone, peer = pair
    whole = encode(1, b"SIP/2.0 200 OK\r\n\r\n" + b"x" * 60_000, mask=False)
    peer.sock.sendall(whole[:30_000])
    phone.send(1, MESSAGE)
    assert _unmasked(peer.frame().payload, peer) == MESSAGE
    peer.sock.sendall(whole[30_000:])
    assert len(phone.frame().payload) == 60_018


def test_a_pbx_that_hangs_up_is_told_to_the_phone(pair):
    phone, peer = pair
    peer.sock.settimeout(0)
    with contextlib.suppress(ssl.SSLWantReadError):
        peer.sock.unwrap()
    assert phone.close_code() == 1011


def test_a_phone_that_hangs_up_is_told_to_the_pbx(pair):
    phone, peer = pair
    phone.send(8, b"\x03\xe8")
    assert peer.frame().opcode == 8
    peer.close()
    until(lambda: phone.sock.recv(1024) == b"", 10)


@pytest.mark.parametrize("host", ["fcc.localhost", "other.localhost"])
def test_a_pbx_that_cannot_show_who_it_is_is_not_called(pbx, pem, tmp_path, host):
    foreign = certificate(tmp_path, "fcc.localhost")
    trusted = foreign if host == "fcc.localhost" else pem
    for server in relay(pbx, "gevent", tmp_path / "log", host, trusted):
        with dial_in(server) as phone:
            assert (phone.status, json.loads(phone.body)["code"]) == (502, "pbx-unreachable")
