"""Bodies that cannot be read, and bodies without end, at the served application."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from cti import outgoing
from tests.support.gunicorn import Served, log_lines, serve

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    environment = {
        "FCC_CONNECTOR_SECRET_KEY": "a secret that only tests know, long enough",
        "FCC_CONNECTOR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "FCC_CONNECTOR_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    with serve(environment) as running:
        yield running


def connected(served: Served) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])))
    sock.settimeout(20)
    return sock


def chunked(path: str, kind: str = "application/json") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: connector.localhost\r\nContent-Type: {kind}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()


def answered(sock: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            got += piece
    return got


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2;\x00\r\n{}\r\n0\r\n\r\n",
        b"\r\n\r\n",
        b"2\r\n{}\r\n0\r\nbad trailer\r\n\r\n",
        b"fffffffffffffffffffffff\r\n{}\r\n",
    ],
    ids=["size", "end", "negative", "extension", "empty", "trailer", "huge"],
)
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/fcc/acme/webhook", "application/json"),
        ("/canvas", "application/x-www-form-urlencoded"),
        ("/nothing/here", "text/plain"),
    ],
)
def test_a_malformed_body_is_refused_and_the_connection_closed(
    served: Served, path: str, kind: str, body: bytes
) -> None:
    before = len(served.log)
    with connected(served) as sock:
        sock.sendall(chunked(path, kind) + body + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        if b"fff" in body:
            sock.shutdown(socket.SHUT_WR)
        answer = answered(sock)
    status = answer.partition(b"\r\n")[0]
    assert status in {b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 400 BAD REQUEST", b"HTTP/1.1 404 NOT FOUND"}
    assert (b" 404 " in status) is (path == "/nothing/here")  # where nobody reads it
    assert b'"alive"' not in answer
    assert b"Connection: close" in answer or path == "/nothing/here"
    assert "Traceback" not in served.log[before:]


def test_a_caller_that_hangs_up_in_the_middle_is_no_accident(served: Served) -> None:
    before = len(served.log)
    with connected(served) as sock:
        sock.sendall(chunked("/fcc/acme/webhook") + b"10\r\n{}")
        sock.shutdown(socket.SHUT_WR)
        answer = answered(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in answer
    assert "Traceback" not in served.log[before:]
    assert {line["level"] for line in log_lines(served)} <= {"info", "warning"}


@pytest.mark.parametrize("path", ["/fcc/acme/webhook", "/nothing/here"])
def test_a_body_without_end_leaves_the_others_their_turn(served: Served, path: str) -> None:
    crumbs = b"1\r\nx\r\n" * 10_000
    over = threading.Event()
    with connected(served) as flooding:
        flooding.sendall(chunked(path))

        def flood() -> None:
            with contextlib.suppress(OSError):
                for _ in range(400):
                    flooding.sendall(crumbs)
            over.set()

        thread = threading.Thread(target=flood)
        thread.start()
        http = outgoing.session(timeout=(2, 5))
        try:
            for _ in range(20):
                assert http.get(f"{served.url}/healthz", headers={"Connection": "close"}).status_code == 200
        finally:
            http.close()
            with contextlib.suppress(OSError):  # the server may have cut it already
                flooding.shutdown(socket.SHUT_RDWR)
            thread.join(30)
    assert over.is_set()
