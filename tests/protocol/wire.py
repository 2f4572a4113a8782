"""Raw sockets and real servers for the protocol tests."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.support.wait import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
WORKERS = {
    "gevent": ["-k", "cti.web.worker.Worker", "--worker-connections", "5000"],
    "gthread": ["-k", "gthread", "--threads", "64"],
}
ORIGIN = "http://connector.localhost:8000"


def encode(opcode: int, payload: bytes = b"", *, mask: bool = True, fin: bool = True, rsv: int = 0) -> bytes:
    """A frame as a client sends it, or a wrong one where the test asks for it."""
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    marked = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        head += bytes([marked | size])
    elif size < 65536:
        head += bytes([marked | 126]) + struct.pack("!H", size)
    else:
        head += bytes([marked | 127]) + struct.pack("!Q", size)
    if not mask:
        return head + payload
    key = b"\x11\x22\x33\x44"
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


@dataclass
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True
    masked: bool = False

    @property
    def close_code(self) -> int:
        assert self.opcode == 8, self
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else 1005


class Ended(Exception):  # noqa: N818 - it is how a reader learns of the end, not a fault
    """The other side closed the connection."""


@dataclass
class RawClient:
    """A WebSocket client that does exactly what it is told."""

    sock: socket.socket
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    _buffer: bytes = b""

    @classmethod
    def connect(
        cls,
        port: int,
        path: str,
        *,
        protocols: str | None = None,
        origin: str | None = ORIGIN,
        extra: Mapping[str, str] | None = None,
        timeout: float = 10,
        receive_buffer: int | None = None,
    ) -> RawClient:
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        sock.connect(("127.0.0.1", port))
        headers = {
            "Host": f"connector.localhost:{port}",
            "Connection": "keep-alive, Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        }
        if protocols is not None:
            headers["Sec-WebSocket-Protocol"] = protocols
        if origin is not None:
            headers["Origin"] = origin
        headers.update(extra or {})
        head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items() if v) + "\r\n"
        sock.sendall(head.encode())
        client = cls(sock)
        client._read_response()
        return client

    def _read_response(self) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.sock.recv(4096)
            if not piece:
                raise Ended
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        if self.status == 101:
            self._buffer = rest
            return
        size = int(self.headers.get("content-length", "0"))
        while len(rest) < size:
            rest += self.sock.recv(4096)
        self.body = rest

    def send(self, opcode: int, payload: bytes = b"", **how: Any) -> None:
        self.sock.sendall(encode(opcode, payload, **how))

    def text(self, text: str) -> None:
        self.send(1, text.encode())

    def _need(self, size: int) -> None:
        while len(self._buffer) < size:
            piece = self.sock.recv(65536)
            if not piece:
                raise Ended
            self._buffer += piece

    def frame(self) -> Frame:
        self._need(2)
        first, second = self._buffer[0], self._buffer[1]
        length, head = second & 0x7F, 2
        if length == 126:
            self._need(4)
            length, head = struct.unpack("!H", self._buffer[2:4])[0], 4
        elif length == 127:
            self._need(10)
            length, head = struct.unpack("!Q", self._buffer[2:10])[0], 10
        if length > 1_000_000:
            payload = bytearray(self._buffer[head:])
            while len(payload) < length:
                piece = self.sock.recv(min(65536, length - len(payload)))
                if not piece:
                    raise Ended
                payload += piece
            self._buffer = bytes(payload[length:])
            return Frame(first & 0x0F, bytes(payload[:length]), bool(first & 0x80), bool(second & 0x80))
        self._need(head + length)
        payload_ = self._buffer[head : head + length]
        self._buffer = self._buffer[head + length :]
        return Frame(first & 0x0F, payload_, bool(first & 0x80), bool(second & 0x80))

    def message(self) -> str:
        """The next text; control frames before it are passed over."""
        while True:
            got = self.frame()
            if got.opcode == 8:
                raise AssertionError(f"closed with {got.close_code}")
            if got.opcode in {1, 2}:
                return got.payload.decode()

    def close_code(self) -> int:
        """Read on until the server's close frame and return its code."""
        while True:
            got = self.frame()
            if got.opcode == 8:
                return got.close_code

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def terminate(self, timeout: float = 15) -> float:
        """SIGTERM; returns the seconds until the whole server was gone."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout)
        return time.monotonic() - begun


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def gunicorn(
    app: str, worker: str, log: Path, *, env: Mapping[str, str] | None = None, graceful: int = 13
) -> Iterator[Server]:
    """A real gunicorn with one worker, serving `app` (`module:callable`); `graceful` is its time for a stop."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    port = listener.getsockname()[1]
    config = ROOT / "tests/protocol/gunicorn_conf.py"
    command = [sys.executable, "-m", "gunicorn", "-c", str(config), *WORKERS[worker], "-w", "1"]
    command += ["--bind", f"fd://{listener.fileno()}", "--graceful-timeout", str(graceful), "--backlog", "2048", app]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=out,
            stderr=out,
            pass_fds=[listener.fileno()],
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        )
    try:
        until(lambda: b"worker-ready" in log.read_bytes() or process.poll() is not None, 20, what="gunicorn")
        assert process.poll() is None, log.read_text()
        yield Server(port, process, log)
    finally:
        listener.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server on loopback that gives each connection to `handle` in a thread; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    open_ones: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            open_ones.append(sock)
            thread = threading.Thread(target=_quietly, args=(handle, sock), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for sock in open_ones:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)


def _quietly(handle: Callable[[socket.socket], None], sock: socket.socket) -> None:
    with contextlib.suppress(OSError, Ended):
        handle(sock)
