"""Why a WebSocket is refused before it is opened."""

from __future__ import annotations

from cti.errors import ConnectorError


class NotAWebSocketError(ConnectorError):
    """The request is no opening handshake of RFC 6455."""

    code = "ws-handshake-invalid"
    http_status = 400
    pl = "To połączenie nie jest poprawnym połączeniem WebSocket. Przeładuj stronę."
    en = "This is not a proper WebSocket connection. Reload the page."


class OriginRefusedError(ConnectorError):
    """A page of another origin tries to open the socket."""

    code = "ws-origin-refused"
    http_status = 403
    pl = "Połączenie z tej strony nie jest dozwolone. Otwórz telefon w Salesforce."
    en = "Connections from this page are not allowed. Open the phone in Salesforce."


class SubprotocolError(ConnectorError):
    """The client offers no subprotocol that the server speaks."""

    code = "ws-subprotocol-unknown"
    http_status = 400
    pl = "Strona i łącznik są w różnych wersjach. Przeładuj stronę."
    en = "The page and the connector are of different versions. Reload the page."


class TooManySocketsError(ConnectorError):
    """The person already has as many sockets open as allowed."""

    code = "too-many-connections"
    http_status = 429
    retryable = True
    pl = "Telefon jest otwarty w zbyt wielu oknach. Zamknij niektóre z nich."
    en = "The phone is open in too many windows. Close some of them."


class ConnectingTooOftenError(ConnectorError):
    """The person's pages open sockets faster than any network loses them."""

    code = "connecting-too-often"
    http_status = 429
    retryable = True
    pl = "Telefon łączy się zbyt często. Połączy się sam za chwilę; jeśli to nie pomoże, zamknij inne okna z telefonem."
    en = "The phone connects too often. It will connect by itself soon; if not, close other windows with the phone."


class ShuttingDownError(ConnectorError):
    """The process is about to end and takes no new sockets."""

    code = "restarting"
    http_status = 503
    retryable = True
    pl = "Łącznik właśnie się restartuje. Połączenie wróci za chwilę."
    en = "The connector is restarting. The connection will be back in a moment."


class UpstreamHandshakeError(Exception):
    """The other system did not open the WebSocket; the text says why, without secrets."""
