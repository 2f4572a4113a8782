"""Why the phone's socket is not opened."""

from __future__ import annotations

from cti.errors import ConnectorError


class TicketRefusedError(ConnectorError):
    """The ticket is unknown, used, or too old."""

    code = "sip-ticket-refused"
    http_status = 403
    retryable = True
    pl = "Przepustka telefonu jest nieważna. Telefon połączy się ponownie z nową."
    en = "The phone's ticket is not valid. The phone will connect again with a new one."


class PbxUnreachableError(ConnectorError):
    """FCC's SIP server did not open the socket."""

    code = "pbx-unreachable"
    http_status = 502
    retryable = True
    pl = "Centrala FCC nie odpowiada. Telefon będzie próbował dalej."
    en = "FCC's telephone exchange does not answer. The phone will keep trying."
