"""What the call service refuses, and why."""

from __future__ import annotations

from cti.errors import ConnectorError


class NumberInvalidError(ConnectorError):
    """Text that is no telephone number."""

    code = "number-invalid"
    pl = "To nie jest numer telefonu, pod który można zadzwonić. Popraw numer w rekordzie i kliknij ponownie."
    en = "This is not a telephone number that can be dialled. Correct the number in the record and click again."


class AgentBusyError(ConnectorError):
    """The agent is in a call."""

    code = "agent-busy"
    http_status = 409
    pl = "Trwa inne połączenie. Zakończ je, zanim zadzwonisz."
    en = "Another call is going on. End it before you dial."


class StatusNotSettableError(ConnectorError):
    """A status agents don't put themselves into, or one that isn't there."""

    code = "status-not-settable"
    pl = "Tego statusu nie można ustawić ręcznie. Wybierz inny z listy."
    en = "This status cannot be set by hand. Choose another one from the list."


class CallUnknownError(ConnectorError):
    """A call that isn't there, or isn't this agent's."""

    code = "call-unknown"
    http_status = 404
    pl = "Nie znaleziono tego połączenia wśród Twoich połączeń."
    en = "This call was not found among your calls."


class RecordNotReadableError(ConnectorError):
    """A record that the agent may not read in Salesforce, or that is not there."""

    code = "record-not-readable"
    http_status = 403
    pl = "Nie widzisz tego rekordu w Salesforce, więc połączenie nie zostało z nim powiązane. Wybierz inny rekord."
    en = "You cannot see this record in Salesforce, so the call was not tied to it. Choose another record."


class RelatedTooOftenError(ConnectorError):
    """More links of one call than a person makes."""

    code = "related-too-often"
    http_status = 429
    pl = "To połączenie wiązano z rekordami już zbyt wiele razy. Zmień powiązanie w zapisie połączenia w Salesforce."
    en = "This call was tied to records too many times already. Change what it relates to in its log in Salesforce."


class ReportInvalidError(ConnectorError):
    """A pane's report that makes no sense."""

    code = "report-invalid"
    pl = "Panel przysłał niezrozumiały raport o połączeniu. Odśwież stronę."
    en = "The pane sent a report about a call that makes no sense. Reload the page."
