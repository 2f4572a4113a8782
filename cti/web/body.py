"""A request's body as the application reads it: what cannot be read is the caller's fault, not an accident."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class RequestBody:
    """`wsgi.input` that raises BadRequest where the server's own stream raises anything.

    The server takes the body apart while it is read: a malformed chunk, or a caller that hangs up, shows in the middle
    of a view. Source: PEP 3333, "Input and Error Streams"; RFC 9112 section 7.1.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, all of them without it; empty at the end."""
        return self._try(self._stream.read, size)

    def readline(self, size: int = -1, /) -> bytes:
        """The next line."""
        return self._try(self._stream.readline, size)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """All lines; `hint` is not used."""
        del hint
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    @staticmethod
    def _try(read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except Exception:  # noqa: BLE001 - each server has errors of its own
            raise BadRequest from None


def guard_bodies(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application with its requests' bodies read through `RequestBody`."""

    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "wsgi.input" in environ:
            environ["wsgi.input"] = RequestBody(environ["wsgi.input"])
        return application(environ, start_response)

    return guarded
