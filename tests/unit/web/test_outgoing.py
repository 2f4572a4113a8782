from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import requests

from cti import outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[tuple[int, list[dict[str, str]]]]:
    seen: list[dict[str, str]] = []
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append({"path": self.path, **dict(self.headers)})
            if self.path == "/slow":
                release.wait(10)
            self.send_response(302 if self.path == "/redirect" else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Set-Cookie", "session=of-somebody; Path=/")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made.server_address[1], seen
    release.set()
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.mark.parametrize("host", ["localhost", "fcc.localhost", "acme-my.localhost", "ACME-MY.LOCALHOST", "127.0.0.1"])
def test_localhost_names_reach_this_machine_under_their_own_name(
    server: tuple[int, list[dict[str, str]]], host: str
) -> None:
    port, seen = server
    with outgoing.session() as http:
        assert http.get(f"http://{host}:{port}/x").text == "ok"
    assert seen[0]["Host"].lower() == f"{host.lower()}:{port}"


def test_other_names_are_not_touched() -> None:
    assert outgoing.address_of("fcc.example.com") == "fcc.example.com"
    assert outgoing.address_of("localhost.example.com") == "localhost.example.com"


def test_no_cookie_is_kept(server: tuple[int, list[dict[str, str]]]) -> None:
    port, seen = server
    with outgoing.session() as http:
        for _ in range(2):
            http.get(f"http://fcc.localhost:{port}/")
        assert list(http.cookies) == []
    assert all("Cookie" not in headers for headers in seen)


def test_no_redirect_is_followed(server: tuple[int, list[dict[str, str]]]) -> None:
    port, seen = server
    with outgoing.session() as http:
        for answer in (
            http.get(f"http://fcc.localhost:{port}/redirect"),
            http.get(f"http://fcc.localhost:{port}/redirect", allow_redirects=True),
        ):
            assert answer.status_code == 302
    assert [headers["path"] for headers in seen] == ["/redirect", "/redirect"]


def test_the_environment_takes_no_part(
    server: tuple[int, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port, seen = server
    netrc = tmp_path / "netrc"
    netrc.write_text("machine fcc.localhost login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with outgoing.session() as http:
        http.get(f"http://fcc.localhost:{port}/", headers={"Authorization": "Bearer ours"})
    assert seen[0]["Authorization"] == "Bearer ours"


def test_no_call_waits_for_ever(server: tuple[int, list[dict[str, str]]]) -> None:
    port, _ = server
    with outgoing.session(timeout=(1, 0.1)) as http, pytest.raises(requests.ReadTimeout):
        http.get(f"http://fcc.localhost:{port}/slow")


def test_a_plain_connection_goes_to_the_same_place() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        outgoing.connect("fcc.localhost", listener.getsockname()[1], tls=False, timeout=2) as made,
    ):
        accepted, _ = listener.accept()
        accepted.sendall(b"hello")
        assert made.recv(5) == b"hello"
        assert made.gettimeout() == 2
        accepted.close()


def test_a_tls_connection_to_something_else_is_refused_and_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            accepted, _ = listener.accept()
            accepted.recv(1024)
            accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                while accepted.recv(1024):
                    pass
            accepted.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(OSError, match=r"(?i)ssl|version"):
            outgoing.connect("fcc.localhost", listener.getsockname()[1], tls=True, timeout=2)
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("[::1]", True),
        ("127.example.com", False),
        ("localhost.com", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_names_are_known(host: str, expected: bool) -> None:
    assert outgoing.is_loopback_name(host) is expected
