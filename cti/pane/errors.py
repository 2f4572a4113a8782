"""What the pane's channel refuses."""

from __future__ import annotations

from cti.errors import ConnectorError


class MessageUnreadableError(ConnectorError):
    """A message that is no command of the channel."""

    code = "message-unreadable"
    http_status = 400
    pl = "Okno telefonu wysłało nieczytelne polecenie. Przeładuj stronę."
    en = "The phone's window sent a command that cannot be read. Reload the page."


class HelloFirstError(ConnectorError):
    """A command before `hello`."""

    code = "hello-first"
    http_status = 409
    pl = "Okno telefonu nie przywitało się z łącznikiem. Przeładuj stronę."
    en = "The phone's window did not introduce itself to the connector. Reload the page."


class NotLeaderError(ConnectorError):
    """The phone is in another pane of the agent."""

    code = "not-leader"
    http_status = 409
    pl = "Telefon jest teraz w innym oknie. Przejmij go, aby rozmawiać tutaj."
    en = "The phone is in another window now. Take it over to talk here."


class PhoneNotReadyError(ConnectorError):
    """No pane of the agent has the phone."""

    code = "phone-not-ready"
    http_status = 409
    retryable = True
    pl = "Telefon jeszcze nie jest gotowy. Spróbuj za chwilę."
    en = "The phone is not ready yet. Try again in a moment."


class SessionOfAnotherError(ConnectorError):
    """A renewal that would turn the pane into somebody else's."""

    code = "session-of-another"
    http_status = 403
    pl = "Zalogował się ktoś inny. Przeładuj stronę."
    en = "Somebody else has signed in. Reload the page."


class TooManyCommandsError(ConnectorError):
    """The pane sends more than a person could cause."""

    code = "too-many-commands"
    http_status = 429
    retryable = True
    pl = "Okno telefonu wysyła zbyt wiele poleceń. Przeładuj stronę."
    en = "The phone's window sends too many commands. Reload the page."


class NoTokenError(ConnectorError):
    """The channel was opened without a session token."""

    code = "no-session"
    http_status = 401
    pl = "Brak zalogowania. Przeładuj stronę."
    en = "Not signed in. Reload the page."
