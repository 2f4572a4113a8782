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
