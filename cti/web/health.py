"""Whether the process lives, whether it can work, and its numbers."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, jsonify, request
from prometheus_client import Gauge

from cti.errors import ConnectorError
from cti.outgoing import is_loopback_name
from cti.web.callers import Caller, open_to
from cti.web.errors import NotFoundError
from cti.web.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask.typing import ResponseReturnValue

    from cti.settings import Settings
    from cti.web.metrics import Metrics

_log = structlog.get_logger("cti.web")
_FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})


def blueprint(
    settings: Settings,
    metrics: Metrics,
    checks: Mapping[str, Callable[[], None]],
    sides: Mapping[str, Callable[[], Mapping[str, object]]] | None = None,
    background: Callable[[], Mapping[str, object]] = dict,
) -> Blueprint:
    """`/healthz`, `/readyz` and `/metrics`; a check raises when the process cannot work.

    `/readyz` names each check and, where one failed, what is the matter in a sentence, if that is known. How a check
    came out last is `fcc_ready{check}`.

    `sides` say how it stands with the systems outside, by tenant or org: `/readyz` names it and is ready all the
    same, for no other process would do better. They answer at once, from what is known, and raise nothing. So does
    `background`, which says how each loop beside the requests is; whether all are sound is a check like the others.

    Sentences, sides and loops are told on this machine and to whoever has the token for the numbers: they name tenants
    and orgs, and what is wrong with them. Everybody else learns whether the process is ready.
    """
    made = Blueprint("health", __name__)
    outcome = Gauge(
        "fcc_ready", "Whether a check of readiness passed when last asked", ["check"], registry=metrics.registry
    )

    @made.get("/healthz")
    @open_to(Caller.ANYBODY)
    def healthz() -> ResponseReturnValue:
        return jsonify(alive=True)

    @made.get("/readyz")
    @open_to(Caller.ANYBODY)
    def readyz() -> ResponseReturnValue:
        results, problems = _tried(checks)
        for name, result in results.items():
            outcome.labels(name).set(result == "ok")
        ready = all(result == "ok" for result in results.values())
        if not _is_of_the_house(settings):
            return jsonify(ready=ready, checks=results), 200 if ready else 503
        troubles = {name: trouble for name, tell in (sides or {}).items() if (trouble := tell())}
        details = {"problems": problems, "sides": troubles, "background": background()}
        told = {name: detail for name, detail in details.items() if detail}
        return jsonify(ready=ready, checks=results, **told), 200 if ready else 503

    @made.get("/metrics")
    @open_to(Caller.HOUSE)
    def numbers() -> ResponseReturnValue:
        if not _may_see_metrics(settings):
            raise NotFoundError
        return metrics.render(), 200, {"Content-Type": CONTENT_TYPE}

    return made


def _tried(checks: Mapping[str, Callable[[], None]]) -> tuple[dict[str, str], dict[str, str]]:
    """How each check came out, and of those that failed what is the matter, where there is a sentence about it."""
    failed: dict[str, Exception] = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process is not ready
            failed[name] = error
    if failed:
        _log.warning("not-ready", checks=list(failed), errors={name: str(error) for name, error in failed.items()})
    results = {name: "failed" if name in failed else "ok" for name in checks}
    problems = {name: error.message("en") for name, error in failed.items() if isinstance(error, ConnectorError)}
    return results, problems


def _is_of_the_house(settings: Settings) -> bool:
    return _is_direct() or (_token(settings) != "" and _has_token(settings))


def _may_see_metrics(settings: Settings) -> bool:
    if _token(settings):
        return _has_token(settings)
    # Behind a proxy everybody calls from this machine, and whether the proxy tells for whom is the proxy's affair. So
    # without a token there are numbers only where the connector serves nobody but this machine.
    if not is_loopback_name(urlsplit(settings.public_url).hostname or ""):
        return False
    return _is_direct()


def _token(settings: Settings) -> str:
    return "" if settings.metrics_token is None else settings.metrics_token.get_secret_value()


def _has_token(settings: Settings) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode("utf-8"), f"Bearer {_token(settings)}".encode())


def _is_direct() -> bool:
    """Whether the request comes from this machine, and no proxy says that it passed it on."""
    forwarded = any(name.lower() in _FORWARDED for name, _ in request.headers)
    return not forwarded and is_loopback_name(request.environ.get("REMOTE_ADDR", ""))
