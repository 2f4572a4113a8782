"""What every refusal and failure of the connector is made of.

An error that a person sees has a stable code, a sentence in Polish and in English that they can act on, an HTTP
status and a word on whether repeating helps. Each feature keeps its own errors in its `errors.py`.
"""

from __future__ import annotations

from typing import ClassVar


class ConnectorError(Exception):
    """The base of all errors the connector raises on purpose.

    Subclasses set `code` (kebab-case, stable: it is documented and counted), `http_status`, `retryable`, `repeat_after`
    (seconds, told as HTTP's Retry-After) and the two sentences `pl` and `en`. A sentence may name values in braces;
    they are given by keyword when the error is raised and must be safe to show and to log: no secret, no token, no full
    telephone number.
    """

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 400
    retryable: ClassVar[bool] = False
    repeat_after: ClassVar[int | None] = None
    pl: ClassVar[str] = "W łączniku FCC wystąpił błąd. Spróbuj ponownie za chwilę."
    en: ClassVar[str] = "The FCC connector failed. Try again in a moment."

    def __init__(self, **values: str) -> None:
        super().__init__(self.code)
        self.values: dict[str, str] = values

    def __str__(self) -> str:
        return f"{self.code}: {self.message('en')}"

    def message(self, language: str) -> str:
        """The sentence in `language`: any tag beginning with "pl" gives Polish, everything else English."""
        sentence = self.pl if language.lower().startswith("pl") else self.en
        return sentence.format(**self.values)

    def to_json(self, language: str) -> dict[str, str]:
        """The shape in which errors leave the connector: `{"code": …, "message": …}`."""
        return {"code": self.code, "message": self.message(language)}


class InternalError(ConnectorError):
    """Something failed that nobody foresaw; its details are in the log only."""

    code = "internal"
    http_status = 500
    retryable = True


class DatabaseUnavailableError(ConnectorError):
    """The database does not answer, or does not take what is to be written: nothing of it is stored."""

    code = "database-unavailable"
    http_status = 503
    retryable = True
    repeat_after = 10
    pl = (
        "Łącznik FCC nie może teraz nic zapisać, bo jego baza danych nie działa. Spróbuj ponownie za chwilę; jeśli to "
        "trwa, powiadom administratora łącznika."
    )
    en = (
        "The FCC connector can store nothing at the moment, for its database does not work. Try again in a moment; if "
        "it goes on, tell the connector's administrator."
    )


class DatabaseBusyError(DatabaseUnavailableError):
    """Somebody kept the database for longer than a writer waits."""

    code = "database-busy"
    pl = "Baza danych łącznika FCC jest zajęta. Spróbuj ponownie za chwilę."
    en = "The FCC connector's database is busy. Try again in a moment."


class DatabaseGoneError(DatabaseUnavailableError):
    """The database's file was deleted or replaced while the process had it open: what it writes there would be lost."""

    code = "database-gone"
    repeat_after = 60
    pl = (
        "Plik bazy danych łącznika FCC usunięto albo podmieniono w trakcie pracy. Administrator musi przywrócić bazę i "
        "uruchomić łącznik ponownie."
    )
    en = (
        "The file of the FCC connector's database was deleted or replaced while it was in use. An administrator has to "
        "put the database back and restart the connector."
    )


class DatabaseFullError(DatabaseUnavailableError):
    """The disk under the database has hardly any room left."""

    code = "database-full"
    repeat_after = 60
    pl = "Na dysku bazy danych łącznika FCC zostało tylko {left} MB miejsca. Administrator musi zwolnić miejsce."
    en = "The disk of the FCC connector's database has only {left} MB left. An administrator has to make room."


class KeysWrongError(ConnectorError):
    """What is encrypted in the database does not open with the keys of the settings."""

    code = "encryption-keys-wrong"
    http_status = 503
    pl = (
        "Klucze szyfrujące łącznika FCC (FCC_CONNECTOR_ENCRYPTION_KEYS) nie pasują do jego bazy danych albo brakuje "
        "jednego z nich. Administrator musi przywrócić klucze, z którymi baza pracowała; kopia zapasowa potrzebuje "
        "kluczy z czasu, z którego pochodzi."
    )
    en = (
        "The FCC connector's encryption keys (FCC_CONNECTOR_ENCRYPTION_KEYS) are not those of its database, or one of "
        "them is missing. An administrator has to put back the keys that the database was used with; a backup needs "
        "the keys of the time it was made."
    )


class BackgroundStalledError(ConnectorError):
    """Work that the connector does beside requests has ended or come to a standstill, which only a restart mends."""

    code = "background-stalled"
    http_status = 503
    pl = "Praca łącznika FCC w tle stanęła ({loops}). Administrator musi uruchomić łącznik ponownie."
    en = "The FCC connector's work in the background stands still ({loops}). An administrator has to restart it."


class SalesforceUserUnknownError(ConnectorError):
    """The e-mail address of an FCC user belongs to no active Salesforce user, or to several."""

    code = "salesforce-user-unknown"
    http_status = 403
    pl = (
        "Adres e-mail {email} z konta FCC ma w Salesforce więcej niż jeden aktywny użytkownik albo nie ma go żaden, "
        "więc połączenia tego konta dostaje użytkownik domyślny. Administrator musi wpisać ten adres na koncie jednego "
        "użytkownika Salesforce."
    )
    en = (
        "The e-mail address {email} of the FCC account belongs to no active Salesforce user, or to several, so the "
        "account's calls go to the default user. The administrator must enter it for one Salesforce user."
    )
