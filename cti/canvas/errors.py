"""Why somebody was not let in."""

from __future__ import annotations

from cti.errors import ConnectorError


class CanvasRequestMissingError(ConnectorError):
    """The form has no signed request."""

    code = "canvas-request-missing"
    http_status = 400
    pl = "Ta strona otwiera się tylko z Salesforce. Otwórz telefon na pasku narzędzi Salesforce."
    en = "This page opens from Salesforce only. Open the phone in the Salesforce utility bar."


class CanvasRequestTooLargeError(ConnectorError):
    """The signed request exceeds the limit."""

    code = "canvas-request-too-large"
    http_status = 413
    pl = "Zapytanie z Salesforce jest za duże. Administrator może zwiększyć limit w ustawieniach łącznika FCC."
    en = "The request from Salesforce is too large. An administrator can raise the FCC connector's limit."


class CanvasRequestMalformedError(ConnectorError):
    """The signed request does not have the documented form."""

    code = "canvas-request-malformed"
    http_status = 400
    pl = "Nie udało się odczytać zapytania z Salesforce. Odśwież stronę Salesforce."
    en = "The request from Salesforce could not be read. Reload the Salesforce page."


class CanvasAlgorithmError(ConnectorError):
    """The signed request names an algorithm other than the one it is signed with."""

    code = "canvas-algorithm-unsupported"
    http_status = 400
    pl = "Zapytanie z Salesforce jest podpisane nieznanym sposobem. Przekaż ten kod administratorowi."
    en = "The request from Salesforce is signed in an unknown way. Give this code to your administrator."


class CanvasOrgUnknownError(ConnectorError):
    """No org with this id was added to the connector."""

    code = "canvas-org-unknown"
    http_status = 403
    pl = "Ta organizacja Salesforce nie jest połączona z FCC. Administrator musi ją dodać w łączniku FCC."
    en = "This Salesforce org is not connected with FCC. An administrator has to add it to the FCC connector."


class CanvasSignatureError(ConnectorError):
    """The signature was not made with the org's Canvas secret."""

    code = "canvas-signature-invalid"
    http_status = 403
    pl = (
        "Podpis zapytania z Salesforce się nie zgadza. Administrator powinien sprawdzić, czy łącznik FCC zna aktualny "
        "sekret aplikacji Canvas (Consumer Secret)."
    )
    en = (
        "The signature of the request from Salesforce does not match. An administrator should check that the FCC "
        "connector knows the current Consumer Secret of the Canvas app."
    )


class CanvasReplayedError(ConnectorError):
    """The signed request was used before."""

    code = "canvas-replayed"
    http_status = 403
    pl = "To zapytanie z Salesforce zostało już użyte. Odśwież stronę Salesforce."
    en = "This request from Salesforce was used already. Reload the Salesforce page."


class CanvasIdentityError(ConnectorError):
    """The token in the signed request belongs to somebody else than the request says."""

    code = "canvas-identity-mismatch"
    http_status = 403
    pl = "Salesforce nie potwierdził Twojej tożsamości. Wyloguj się z Salesforce i zaloguj ponownie."
    en = "Salesforce did not confirm who you are. Log out of Salesforce and log in again."


class OrgNotPairedError(ConnectorError):
    """The org is known, but works with no FCC tenant."""

    code = "org-not-paired"
    http_status = 403
    pl = "Ta organizacja Salesforce nie jest jeszcze sparowana z FCC. Administrator musi dokończyć parowanie."
    en = "This Salesforce org is not paired with FCC yet. An administrator has to finish the pairing."


class IntegrationInactiveError(ConnectorError):
    """The integration is switched off (R13)."""

    code = "integration-inactive"
    http_status = 403
    pl = "Integracja FCC z Salesforce jest wyłączona. Włącza ją administrator w ustawieniach integracji."
    en = "The integration of FCC with Salesforce is switched off. An administrator switches it on in its settings."


class SandboxAddressError(ConnectorError):
    """The user's address ends in what Salesforce appends in a sandbox, and the org is not known to be one (R14)."""

    code = "canvas-sandbox-address"
    http_status = 403
    pl = (
        "Adres e-mail {email} kończy się na „.invalid”: Salesforce dopisuje to w środowisku testowym (sandbox), a "
        "łącznik FCC ma tę organizację za produkcyjną. Administrator łącznika powinien ustawić środowisko „test”; "
        "możesz też potwierdzić swój adres w Salesforce."
    )
    en = (
        "The e-mail address {email} ends in “.invalid”: Salesforce appends that in a sandbox, but the FCC connector "
        "takes this org for production. Its administrator should set the environment “test”; you can also confirm "
        "your address in Salesforce."
    )


class UserApprovalRequiredError(ConnectorError):
    """The Canvas app waits for each user's own approval instead of being pre-authorised."""

    code = "canvas-user-approval-required"
    http_status = 403
    pl = (
        "Aplikacja Canvas nie jest wstępnie autoryzowana. Administrator Salesforce musi ustawić w jej zasadach OAuth "
        "„Użytkownicy zatwierdzeni przez administratora są wstępnie autoryzowani” i przypisać zestaw uprawnień "
        "Fcc Access."
    )
    en = (
        "The Canvas app is not pre-authorised. In its OAuth policies a Salesforce administrator has to choose “Admin "
        "approved users are pre-authorized” and assign the permission set Fcc Access."
    )
