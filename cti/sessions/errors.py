"""Why a session opens nothing."""

from __future__ import annotations

from cti.errors import ConnectorError


class SessionOverError(ConnectorError):
    """The pane's session has ended, was revoked, or never was."""

    code = "session-over"
    http_status = 401
    pl = "Sesja telefonu się skończyła. Odśwież stronę Salesforce."
    en = "The phone's session has ended. Reload the Salesforce page."
