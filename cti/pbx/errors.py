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
    pl = (
        "FCC odrzuciło polecenie ({function}). Administrator powinien sprawdzić klucz API, login, domenę i uprawnienia "
        "w FCC."
    )
    en = (
        "FCC refused the request ({function}). Your administrator should check the API key, login, domain and rights "
        "in FCC."
    )


class FccKeyRefusedError(FccRefusedError):
    """FCC does not take the signature: the API key is another one, or the way of signing."""

    code = "fcc-key-refused"
    pl = (
        "FCC nie przyjmuje podpisu ({function}): klucz API jest inny. Administrator łącznika musi podać aktualny klucz."
    )
    en = (
        "FCC does not take the signature ({function}): the API key is another one. The connector's administrator "
        "has to give the current key."
    )


class FccLoginRefusedError(FccRefusedError):
    """FCC does not know the login in whose name it was asked, or has switched it off."""

    code = "fcc-login-refused"
    pl = (
        "FCC nie zna loginu, w którego imieniu pyta łącznik ({function}), albo konto jest wyłączone. Administrator "
        "łącznika musi podać inny login."
    )
    en = (
        "FCC does not know the login in whose name the connector asks ({function}), or has switched it off. The "
        "connector's administrator has to give another login."
    )


class FccDomainRefusedError(FccRefusedError):
    """FCC does not know the domain after the login's `@`."""

    code = "fcc-domain-refused"
    pl = "FCC nie zna domeny, którą podaje łącznik ({function}). Administrator łącznika musi poprawić domenę FCC."
    en = (
        "FCC does not know the domain that the connector gives ({function}). The connector's administrator has to "
        "correct the FCC domain."
    )


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
