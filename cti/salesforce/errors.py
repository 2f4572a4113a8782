"""What went wrong with Salesforce: classes of errors, and what the caller may do about each.

Salesforce answers with about two hundred codes. The connector knows the kinds below: each has a stable code of its own,
a `verdict` that says what a caller may do next, and a sentence for the person in front of it. Which of Salesforce's
answers is of which kind stands in `cti.salesforce.classify`.

Longer than 400 lines because it is one list: a class changes with its sentence, and with nothing else here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cti.domain.delivery import Verdict
from cti.domain.salesforce import OrgError, Trouble
from cti.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Sequence


class SalesforceError(ConnectorError, OrgError):
    """Base of everything that Salesforce refused or failed to do.

    `salesforce_code` and `fields` are Salesforce's own (empty when it said nothing readable), `detail` is its message,
    for the administrator and never for the log (it may quote record values), `retry_after` is seconds to wait when
    Salesforce named them, `record_id` the record a duplicate value was found on. `whole_answer` is the HTTP status of
    the answer where the error was all of it, None where it is one row's or no answer came.
    """

    code = "salesforce-error"
    http_status = 502
    verdict: ClassVar[Verdict] = Verdict.NEVER
    pl = "Salesforce odmówił wykonania operacji ({salesforce_code}). Przekaż ten kod administratorowi."
    en = "Salesforce refused the operation ({salesforce_code}). Give this code to your administrator."

    def __init__(
        self,
        *,
        salesforce_code: str = "",
        detail: str = "",
        fields: Sequence[str] = (),
        retry_after: float | None = None,
        record_id: str | None = None,
        whole_answer: int | None = None,
    ) -> None:
        super().__init__(salesforce_code=salesforce_code or "-", fields=", ".join(fields) or "-")
        self.salesforce_code = salesforce_code
        self.detail = detail
        self.fields = tuple(fields)
        self.retry_after = retry_after
        self.record_id = record_id
        self.whole_answer = whole_answer

    @property
    def trouble(self) -> Trouble:
        """The error as a value."""
        return Trouble(
            code=self.code,
            verdict=self.verdict,
            salesforce_code=self.salesforce_code,
            fields=self.fields,
            detail=self.detail,
            retry_after=self.retry_after,
            record_id=self.record_id,
            blames_content=self.blames_content,
        )

    @property
    def blames_content(self) -> bool:
        """Whether the whole request was refused for what stood in it, so that a smaller one may be taken.

        Source: REST API Developer Guide, "Status Codes and Error Responses": 400 is a request that could not be
        understood, usually because its body has an error; 413 one that is too large.
        """
        return (
            self.whole_answer in _CONTENT_STATUSES
            and type(self) in _ABOUT_CONTENT
            and self.salesforce_code not in _ABOUT_OBJECTS
        )


class SessionExpiredError(SalesforceError):
    """The access token is no longer valid."""

    code = "salesforce-session-expired"
    http_status = 401
    verdict = Verdict.REFRESH
    pl = "Sesja Salesforce wygasła. Odśwież stronę Salesforce."
    en = "The Salesforce session has expired. Reload the Salesforce page."


class SessionNotAllowedError(SalesforceError):
    """The org's policies forbid this token for the API; a new one would meet the same refusal."""

    code = "salesforce-session-not-allowed"
    http_status = 403
    pl = (
        "Zasady bezpieczeństwa Salesforce nie pozwalają tej sesji korzystać z API. "
        "Administrator powinien sprawdzić uprawnienie „API Enabled” i zasady sesji aplikacji."
    )
    en = (
        "Salesforce's security policies keep this session from using the API. "
        'The administrator should check the "API Enabled" permission and the app\'s session policies.'
    )


class SignInRefusedError(SalesforceError):
    """Salesforce issued no access token, for a reason not listed below."""

    code = "salesforce-sign-in-refused"
    pl = "Salesforce nie wydał tokenu dostępu ({salesforce_code}). Połącz integrację z Salesforce ponownie."
    en = "Salesforce issued no access token ({salesforce_code}). Connect the integration with Salesforce again."


class AppUnknownError(SignInRefusedError):
    """Consumer key or secret is wrong, or the app is not installed in the org."""

    code = "salesforce-app-unknown"
    pl = (
        "Salesforce nie zna aplikacji łącznika: klucz lub sekret konsumenta jest błędny albo aplikacja nie jest "
        "zainstalowana w organizacji. Administrator powinien wpisać je ponownie w ustawieniach parowania."
    )
    en = (
        "Salesforce does not know the connector's app: the consumer key or secret is wrong, or the app is not "
        "installed in the org. The administrator should enter them again in the pairing settings."
    )


class RunAsUserMissingError(SignInRefusedError):
    """The app's client-credentials flow has no run-as user."""

    code = "salesforce-run-as-user-missing"
    pl = (
        "Aplikacja łącznika nie ma w Salesforce użytkownika „Run As”. "
        "Administrator powinien wskazać użytkownika integracji."
    )
    en = (
        'The connector\'s app has no "Run As" user in Salesforce. The administrator should choose the integration user.'
    )


class HostNotAllowedError(SignInRefusedError):
    """The token was asked from a host that does not serve this flow: not the org's My Domain."""

    code = "salesforce-host-not-allowed"
    pl = "Podany adres nie jest adresem My Domain tej organizacji. Administrator powinien poprawić adres w parowaniu."
    en = "The address given is not this org's My Domain. The administrator should correct the address in the pairing."


class UserNotApprovedError(SignInRefusedError):
    """The app is not pre-authorised for the user, or the user is inactive."""

    code = "salesforce-user-not-approved"
    pl = (
        "Użytkownik integracji nie jest dopuszczony do aplikacji łącznika albo jest nieaktywny. "
        "Administrator powinien przypisać mu zestaw uprawnień integracji."
    )
    en = (
        "The integration user is not approved for the connector's app, or is inactive. "
        "The administrator should assign the integration permission set."
    )


class TokenRefusedError(SalesforceError):
    """The org no longer accepts the token in the signed request."""

    code = "salesforce-token-refused"
    http_status = 403
    pl = "Sesja Salesforce wygasła. Odśwież stronę Salesforce."
    en = "The Salesforce session has ended. Reload the Salesforce page."


class IdentityUnavailableError(SalesforceError):
    """The org could not be asked who the token belongs to."""

    code = "canvas-salesforce-unavailable"
    http_status = 503
    retryable = True
    verdict = Verdict.AGAIN
    pl = "Salesforce chwilowo nie odpowiada. Spróbuj ponownie za minutę."
    en = "Salesforce does not answer at the moment. Try again in a minute."


class DailyLimitReachedError(SalesforceError):
    """The org's API calls of the last 24 hours are used up."""

    code = "salesforce-daily-limit"
    http_status = 503
    retryable = True
    verdict = Verdict.WAIT
    pl = "Dzienny limit wywołań API Salesforce jest wyczerpany. Zapisy połączeń czekają i zostaną wysłane później."
    en = "Salesforce's daily API limit is used up. Call logs are waiting and will be sent later."


class TooManyRequestsError(SalesforceError):
    """Too many requests at once."""

    code = "salesforce-too-many-requests"
    http_status = 503
    retryable = True
    verdict = Verdict.AGAIN
    pl = "Salesforce jest chwilowo przeciążony żądaniami. Operacja zostanie powtórzona."
    en = "Salesforce is handling too many requests at the moment. The operation will be repeated."


class RowLockedError(SalesforceError):
    """Somebody else is changing the record, or its parent, at this moment."""

    code = "salesforce-row-locked"
    http_status = 503
    retryable = True
    verdict = Verdict.AGAIN
    pl = "Rekord w Salesforce jest właśnie zmieniany przez kogoś innego. Operacja zostanie powtórzona."
    en = "The Salesforce record is being changed by someone else right now. The operation will be repeated."


class UnavailableError(SalesforceError):
    """Salesforce cannot be reached or says that it is not available; nothing was sent or nothing was done."""

    code = "salesforce-unavailable"
    http_status = 503
    retryable = True
    verdict = Verdict.AGAIN
    pl = "Salesforce jest niedostępny. Operacja zostanie powtórzona, gdy wróci."
    en = "Salesforce is not available. The operation will be repeated when it is back."


class OutcomeUnknownError(SalesforceError):
    """The request went out and no complete answer came back."""

    code = "salesforce-outcome-unknown"
    http_status = 504
    retryable = True
    verdict = Verdict.UNKNOWN
    pl = "Salesforce nie potwierdził operacji. Łącznik sprawdzi, czy została wykonana, zanim ją powtórzy."
    en = "Salesforce did not confirm the operation. The connector will check whether it was done before repeating it."


class TimedOutError(SalesforceError):
    """A question to Salesforce was not answered in the time there was for it."""

    code = "salesforce-timed-out"
    http_status = 504
    retryable = True
    verdict = Verdict.AGAIN
    pl = "Salesforce nie odpowiedział na czas."
    en = "Salesforce did not answer in time."


class AnswerUnreadableError(SalesforceError):
    """What came back is not what the REST API answers (a login page, a proxy's page, broken JSON)."""

    code = "salesforce-answer-unreadable"
    pl = (
        "Odpowiedź spod adresu Salesforce nie pochodzi z jego API. Administrator powinien sprawdzić adres My Domain "
        "i serwery pośredniczące."
    )
    en = (
        "The answer from the Salesforce address is not the API's. The administrator should check the My Domain address "
        "and any proxy in between."
    )


class AccessRefusedError(SalesforceError):
    """The user may not do this to this record or object."""

    code = "salesforce-access-refused"
    http_status = 403
    pl = (
        "Użytkownik Salesforce nie ma dostępu potrzebnego do tej operacji ({salesforce_code}). "
        "Sprawdź zestawy uprawnień."
    )
    en = "The Salesforce user lacks the access this needs ({salesforce_code}). Check the permission sets."


class ApiDisabledError(SalesforceError):
    """The org has no API access, or it is switched off."""

    code = "salesforce-api-disabled"
    http_status = 403
    pl = "API jest w tej organizacji Salesforce wyłączone. Potrzebna jest edycja z dostępem do API."
    en = "The API is disabled in this Salesforce org. An edition with API access is needed."


class PolicyRefusedError(SalesforceError):
    """A transaction-security policy of the org blocked the request."""

    code = "salesforce-policy-refused"
    http_status = 403
    pl = "Zasada bezpieczeństwa transakcji w Salesforce zablokowała operację. Administrator powinien ją sprawdzić."
    en = "A transaction security policy in Salesforce blocked the operation. The administrator should review it."


class DuplicateValueError(SalesforceError):
    """Another record already holds this unique value; `record_id` is that record when Salesforce named it."""

    code = "salesforce-duplicate-value"
    http_status = 409
    verdict = Verdict.DUPLICATE
    pl = "Rekord o tej unikalnej wartości już istnieje w Salesforce."
    en = "A record with this unique value already exists in Salesforce."


class DuplicateRuleMatchedError(SalesforceError):
    """The org's duplicate rules refused the record."""

    code = "salesforce-duplicate-rule"
    http_status = 409
    pl = "Reguła duplikatów w Salesforce odrzuciła rekord. Użyj rekordu, który już istnieje."
    en = "A duplicate rule in Salesforce refused the record. Use the record that already exists."


class NotFoundError(SalesforceError):
    """The record, object or address does not exist, or is hidden from this user."""

    code = "salesforce-not-found"
    http_status = 404
    pl = "Nie znaleziono w Salesforce tego rekordu lub pola, albo użytkownik go nie widzi."
    en = "This record or field was not found in Salesforce, or the user cannot see it."


class RecordDeletedError(SalesforceError):
    """The record was deleted."""

    code = "salesforce-record-deleted"
    http_status = 410
    verdict = Verdict.GONE
    pl = "Rekord został w Salesforce usunięty."
    en = "The record was deleted in Salesforce."


class RequestInvalidError(SalesforceError):
    """The request names an object, a field or a form that this org does not have."""

    code = "salesforce-request-invalid"
    pl = (
        "Organizacja Salesforce nie ma pola lub obiektu, którego łącznik używa ({salesforce_code}: {fields}). "
        "Administrator powinien wdrożyć pakiet łącznika i jego zestawy uprawnień."
    )
    en = (
        "The Salesforce org lacks a field or object that the connector uses ({salesforce_code}: {fields}). "
        "The administrator should deploy the connector's package and its permission sets."
    )


class FieldRefusedError(SalesforceError):
    """A field's value was refused: by a validation rule, a required field, a picklist, a length, a reference."""

    code = "salesforce-field-refused"
    http_status = 422
    pl = (
        "Salesforce odrzucił wartość pola ({salesforce_code}: {fields}). Administrator powinien sprawdzić reguły "
        "walidacji i pola wymagane obiektu."
    )
    en = (
        "Salesforce refused a field's value ({salesforce_code}: {fields}). The administrator should check the object's "
        "validation rules and required fields."
    )


class AutomationLimitError(SalesforceError):
    """A trigger or a flow of the org ran into one of the platform's limits while it worked on the records."""

    code = "salesforce-automation-limit"
    http_status = 503
    retryable = True
    verdict = Verdict.AGAIN
    pl = (
        "Wyzwalacz lub przepływ w Salesforce przekroczył limit platformy. Operacja zostanie powtórzona z mniejszą "
        "liczbą rekordów; jeśli to nie pomoże, administrator powinien sprawdzić automatyzację zadań."
    )
    en = (
        "A trigger or flow in Salesforce exceeded a limit of the platform. The operation will be repeated with fewer "
        "records; if that does not help, the administrator should check the automation of tasks."
    )


class StorageFullError(SalesforceError):
    """The org is out of data storage or of another quota."""

    code = "salesforce-storage-full"
    http_status = 507
    pl = "W organizacji Salesforce skończyło się miejsce lub inny limit ({salesforce_code})."
    en = "The Salesforce org is out of storage or of another quota ({salesforce_code})."


class QueryTooSlowError(SalesforceError):
    """A query took Salesforce too long; a narrower one might do."""

    code = "salesforce-query-too-slow"
    http_status = 504
    pl = "Wyszukiwanie w Salesforce trwało zbyt długo."
    en = "The search in Salesforce took too long."


class VersionUnsupportedError(SalesforceError):
    """The org does not serve this API version."""

    code = "salesforce-version-unsupported"
    pl = "Ta organizacja Salesforce nie obsługuje ustawionej wersji API. Administrator powinien ją zmienić w parowaniu."
    en = "This Salesforce org does not serve the API version set. The administrator should change it in the pairing."


class RolledBackError(SalesforceError):
    """Nothing was wrong with this row; another row of the same request failed and took it along."""

    code = "salesforce-rolled-back"
    retryable = True
    verdict = Verdict.AGAIN
    pl = "Operacja została wycofana z powodu błędu w innym rekordzie. Zostanie powtórzona."
    en = "The operation was rolled back because of an error in another record. It will be repeated."


_CONTENT_STATUSES = frozenset({400, 413})
_ABOUT_CONTENT = frozenset(
    {
        SalesforceError,
        RequestInvalidError,
        FieldRefusedError,
        AutomationLimitError,
        DuplicateValueError,
        DuplicateRuleMatchedError,
        NotFoundError,
        RecordDeletedError,
    }
)
# The object itself is not there for this user, whatever the request says of its records.
_ABOUT_OBJECTS = frozenset({"INVALID_TYPE"})
