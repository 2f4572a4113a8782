"""What can keep calls from being logged."""

from __future__ import annotations

from cti.errors import ConnectorError


class PackageMissingError(ConnectorError):
    """The org has no FCC fields on its tasks, or hides them from the integration user."""

    code = "call-log-package-missing"
    http_status = 502
    retryable = True
    pl = (
        "W organizacji Salesforce brakuje pól pakietu łącznika na zadaniach albo użytkownik integracji ich nie widzi. "
        "Administrator powinien wdrożyć pakiet i przypisać zestaw uprawnień integracji."
    )
    en = (
        "The Salesforce org lacks the connector package's fields on tasks, or the integration user cannot see them. "
        "The administrator should deploy the package and assign the integration permission set."
    )


class FieldsMissingError(ConnectorError):
    """The org does not take some of the fields of a log; they wait until it does."""

    code = "call-log-fields-missing"
    http_status = 502
    retryable = True
    pl = (
        "Zapis połączenia jest w Salesforce, ale organizacja nie przyjmuje części jego pól. Administrator powinien "
        "wdrożyć pakiet i przypisać zestaw uprawnień integracji; pola zostaną wtedy uzupełnione."
    )
    en = (
        "The call is logged in Salesforce, but the org does not take some of its fields. The administrator should "
        "deploy the package and assign the integration permission set; the fields are then filled in."
    )


class WithoutReferencesError(ConnectorError):
    """Salesforce refused the customer, case or owner of a log, which was saved without."""

    code = "call-log-without-references"
    http_status = 502
    pl = "Zapis połączenia jest w Salesforce bez klienta, sprawy lub właściciela, których Salesforce nie przyjął."
    en = "The call is logged in Salesforce without the customer, case or owner that Salesforce did not take."


class WithoutValuesError(ConnectorError):
    """Salesforce refused the values of some fields of a log, which was saved without."""

    code = "call-log-without-values"
    http_status = 502
    pl = (
        "Zapis połączenia jest w Salesforce bez części wartości, których Salesforce nie przyjął. Administrator "
        "powinien porównać pola i listy wyboru z pakietem."
    )
    en = (
        "The call is logged in Salesforce without some values that Salesforce did not take. The administrator should "
        "compare the fields and picklists with the package."
    )


class RequestRefusedError(ConnectorError):
    """Salesforce refuses every request that holds this log."""

    code = "call-log-request-refused"
    http_status = 502
    pl = (
        "Salesforce odrzuca całe żądanie z tym zapisem połączenia; inne zapisy są wysyłane bez niego. Powód jest "
        "w szczegółach: `fcc-connector status`."
    )
    en = (
        "Salesforce refuses the whole request that holds this call's log; other logs are sent without it. The reason "
        "is in the details: `fcc-connector status`."
    )
