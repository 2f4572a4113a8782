"""What the call service refuses, and why."""

from __future__ import annotations

from cti.domain.dial_policy import country_name
from cti.errors import ConnectorError


class NumberInvalidError(ConnectorError):
    """Text that is no telephone number."""

    code = "number-invalid"
    pl = "To nie jest numer telefonu, pod który można zadzwonić. Popraw numer w rekordzie i kliknij ponownie."
    en = "This is not a telephone number that can be dialled. Correct the number in the record and click again."


class CountryNotAllowedError(ConnectorError):
    """A number of a country that the tenant does not let its agents call."""

    code = "dial-country-not-allowed"
    http_status = 403
    pl = (
        "Numer należy do kraju, do którego nie wolno dzwonić: {country}. "
        "Jeśli to potrzebne, administrator łącznika FCC może ten kraj dopuścić."
    )
    en = (
        "The number belongs to a country that may not be called: {country}. "
        "The administrator of the FCC connector can allow that country where it is needed."
    )

    def __init__(self, region: str) -> None:
        super().__init__(region=region)

    def message(self, language: str) -> str:
        """The sentence, with the country as people of that language call it."""
        region = self.values["region"]
        sentence = self.pl if language.lower().startswith("pl") else self.en
        return sentence.format(country=f"{country_name(region, language)} ({region})")


class PremiumNotAllowedError(ConnectorError):
    """A number whose calls cost more than others, and the tenant does not allow them."""

    code = "dial-premium-not-allowed"
    http_status = 403
    pl = (
        "Na numery o podwyższonej opłacie (premium, osobiste, biura numerów) nie wolno dzwonić. "
        "Jeśli to potrzebne, administrator łącznika FCC może je dopuścić."
    )
    en = (
        "Numbers at a higher rate (premium, personal, directory enquiries) may not be called. "
        "The administrator of the FCC connector can allow them where they are needed."
    )


class NetworkNotAllowedError(ConnectorError):
    """A number of a satellite or another network without a country, and the tenant does not allow them."""

    code = "dial-satellite-not-allowed"
    http_status = 403
    pl = (
        "Na numery satelitarne i inne numery poza krajami ({network}) nie wolno dzwonić. "
        "Jeśli to potrzebne, administrator łącznika FCC może je dopuścić."
    )
    en = (
        "Satellite numbers and other numbers outside countries ({network}) may not be called. "
        "The administrator of the FCC connector can allow them where they are needed."
    )


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


class StatusMovedError(ConnectorError):
    """FCC has an agent in another status than their pane showed; told, never raised."""

    code = "status-moved"
    http_status = 409
    pl = "W FCC masz status „{status}”, choć panel pokazywał „{shown}”. Jeśli to nie ten, wybierz właściwy."
    en = "FCC has you as “{status}”, although the pane showed “{shown}”. If that is not right, choose another status."


class PaneWasAwayError(ConnectorError):
    """FCC was told not ready for an agent whose panes were away; told, never raised."""

    code = "status-not-ready-away"
    http_status = 409
    pl = (
        "Panel nie miał połączenia przez ponad 20 sekund, więc w FCC masz status „Niegotowy”. Aby dostawać połączenia, "
        "wybierz „W kolejce”."
    )
    en = (
        "The pane had no connection for more than 20 seconds, so FCC has you as “Not ready”. To get calls, choose "
        "“In queue”."
    )
