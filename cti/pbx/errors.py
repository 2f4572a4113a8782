"""What can go wrong between the connector and FCC."""

from __future__ import annotations

from cti.errors import ConnectorError


class FccError(ConnectorError):
    """The base of all failures of FCC's external-api. `function` is which call failed; FCC's own words are in `reason`.

    `reason` is shortened and cleaned of everything secret; it is for the log, not for people.
    """

    code = "fcc-error"
    http_status = 502

    def __init__(self, *, function: str, reason: str = "") -> None:
        super().__init__(function=function)
        self.function = function
        self.reason = reason


class FccUnreachableError(FccError):
    """No answer in time, no connection, or an answer that says the service is down."""

    code = "fcc-unreachable"
    http_status = 503
    retryable = True
    pl = "FCC nie odpowiada ({function}). Spróbuj ponownie za chwilę; jeśli to nie minie, powiadom administratora."
    en = "FCC does not answer ({function}). Try again in a moment; if it goes on, tell your administrator."


class FccRefusedError(FccError):
    """FCC understood and said no: `success: false`, or an HTTP status of the 4xx kind."""

    code = "fcc-refused"
    pl = "FCC odrzuciło polecenie ({function}). Administrator powinien sprawdzić klucz API, login i uprawnienia w FCC."
    en = "FCC refused the request ({function}). Your administrator should check the API key, login and rights in FCC."


class FccNonsenseError(FccError):
    """An answer that cannot be read: not JSON, no `success`, or not of the agreed shape."""

    code = "fcc-nonsense"
    pl = "Odpowiedzi FCC nie da się odczytać ({function}). Powiadom administratora: adres FCC lub jego wersja są inne."
    en = "FCC's answer cannot be read ({function}). Tell your administrator: FCC's address or its version differs."


class FccTenantUnknownError(ConnectorError):
    """A tenant that is not configured."""

    code = "fcc-tenant-unknown"
    http_status = 404
    pl = "Ten klient FCC nie jest skonfigurowany w łączniku."
    en = "This FCC tenant is not configured in the connector."
