"""Routes whose view decides about the handshake itself.

flask-sock registers the routes. Its own view answers 101 before any of our code runs, so that view is replaced: ours
gets an `Upgrade` and may refuse with an ordinary response.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Flask, Response, request
from flask_sock import Sock

from cti.ws.handshake import Upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask.typing import ResponseReturnValue

_log = structlog.get_logger("cti.ws")


class _Ended(Response):
    """What stands for a response when the socket has spoken for itself: nothing more is written to it."""

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if "gunicorn.socket" in environ:
            # gunicorn's workers take this as "the connection is done with".
            raise StopIteration
        return super().__call__(environ, start_response)


class Sockets(Sock):  # type: ignore[misc]  # flask-sock has no types
    """flask-sock's routing with the handshake in the view's hands."""

    bp: Blueprint | None

    def route(
        self, path: str, bp: Blueprint | None = None, **kwargs: Any
    ) -> Callable[[Callable[..., ResponseReturnValue | None]], None]:
        """Decorator for a view `view(upgrade, **values)`.

        The view returns a response, or calls `upgrade.accept` and returns None when the socket has ended. Errors
        raised before the 101 go to Flask's handlers as from any view.
        """

        def decorator(view: Callable[..., ResponseReturnValue | None]) -> None:
            @wraps(view)
            def socket_view(*args: Any, **values: Any) -> ResponseReturnValue:
                upgrade = Upgrade(request.environ)
                try:
                    answer = view(upgrade, *args, **values)
                except Exception:
                    if not upgrade.accepted:
                        raise
                    _raise_in_log(request.path)
                    return _Ended(status=101)
                return _Ended(status=101) if upgrade.accepted or answer is None else answer

            target: Blueprint | Flask = bp if bp is not None else self._target()
            target.route(path, websocket=True, **kwargs)(socket_view)

        return decorator

    def _target(self) -> Blueprint | Flask:
        if self.app is not None:
            app: Flask = self.app
            return app
        if self.bp is None:
            self.bp = Blueprint("sockets", __name__)
        return self.bp


def _raise_in_log(path: str) -> None:
    """Log the exception being handled; nothing can be answered any more."""
    _log.exception("socket-failed", path=path)
