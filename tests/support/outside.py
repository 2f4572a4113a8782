"""As much of Salesforce and FCC as sign-in and pairing ask, on one small real HTTP server."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from cti.domain.org_fields import PERSON_READ, READ
from tests.support.signed_request import ORG_ID, TOKEN, USER_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

APP_TOKEN = "00D000000000001!APP.token.of.the.pairing.app"
ANNA = {
    "id": 101,
    "login": "anna.nowak",
    "first_name": "Anna",
    "last_name": "Nowak",
    "type": "pbx",
    "email": "anna.nowak@acme.example",
    "extension": "40312",
    "city_number": "+48221234567",
    "presentation": "+48221234567",
    "active": True,
}


class Outside:
    """What the server knows; change it while it runs."""

    def __init__(self) -> None:
        self.port = 0
        self.hosts: list[str] = []
        self.status = 200
        self.identities: dict[str, dict[str, Any]] = {
            TOKEN: {
                "user_id": USER_ID,
                "organization_id": ORG_ID,
                "name": "Anna Nowak",
                "email": "anna.nowak@acme.example",
                "language": "pl",
            }
        }
        self.users: list[dict[str, Any]] = [ANNA]
        self.campaigns: list[dict[str, Any]] = []
        self.app_works = False
        self.org_id = ORG_ID
        self.people: list[tuple[str, str]] = []
        self.hidden: set[str] = set()
        self.departed: set[str] = set()
        self.versions = ["9.0", "66.0", "67.0"]

    @property
    def identity_of_the_app(self) -> dict[str, Any]:
        """What userinfo says of the pairing app's user."""
        return {
            "user_id": "005000000000009AAA",
            "organization_id": self.org_id,
            "preferred_username": "fcc.integration@acme.example",
            "name": "FCC Integration",
            "email": "fcc.integration@acme.example",
            "language": "en_US",
        }

    def people_found(self, query: str) -> dict[str, Any]:
        """The answer to a query for all active users, or for one by id."""
        records = [
            {
                "attributes": {"type": "User"},
                "Id": f"00500000000010{number}AAA",
                "Username": email,
                "Email": email,
                "Name": name,
                "IsActive": email not in self.departed,
                "LanguageLocaleKey": "pl",
                "TimeZoneSidKey": "Europe/Warsaw",
                "UserType": "Standard",
            }
            for number, (name, email) in enumerate(self.people)
        ]
        one = " WHERE Id = '" in query
        records = [each for each in records if (each["Id"] in query if one else each["IsActive"])]
        return {"totalSize": len(records), "done": True, "records": records}

    def description(self, table: str) -> dict[str, Any]:
        """What describe says of an object: every field that is wanted of it, but those `hidden` ("Object.Field")."""
        names = READ[table] | (PERSON_READ if table == "Account" else set())
        fields = [name for name in sorted(names) if f"{table}.{name}" not in self.hidden]
        return {"fields": [{"name": name, "createable": True, "updateable": True} for name in fields]}

    @property
    def my_domain_url(self) -> str:
        """The org's address."""
        return f"http://acme-my.localhost:{self.port}"

    @property
    def fcc_url(self) -> str:
        """FCC's external-api."""
        return f"http://fcc.localhost:{self.port}/external-api"


@contextlib.contextmanager
def outside() -> Iterator[Outside]:
    """The server, until the block ends."""
    world = Outside()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            world.hosts.append(self.headers["Host"])
            token = self.headers["Authorization"].removeprefix("Bearer ")
            identity = world.identity_of_the_app if token == APP_TOKEN else world.identities.get(token)
            if world.status != 200:
                self._answer(world.status, {"error": "unavailable"})
            elif self.path == "/services/data/" and token == APP_TOKEN:
                self._answer(
                    200, [{"label": "x", "url": f"/services/data/v{each}", "version": each} for each in world.versions]
                )
            elif self.path.startswith("/services/data/v67.0/query?") and token == APP_TOKEN:
                self._answer(200, world.people_found(parse_qs(urlsplit(self.path).query)["q"][0]))
            elif self.path.endswith("/describe") and self.path.split("/")[-2] in world.hidden:
                self._answer(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
            elif self.path.endswith("/describe") and token == APP_TOKEN:
                self._answer(200, world.description(self.path.split("/")[-2]))
            elif self.path != "/services/oauth2/userinfo" or identity is None:
                self._answer(403, {"error": "bad token"})
            else:
                self._answer(200, identity)

        def do_POST(self) -> None:
            world.hosts.append(self.headers["Host"])
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/services/oauth2/token" and world.app_works:
                self._answer(200, {"access_token": APP_TOKEN, "token_type": "Bearer", "issued_at": "1"})
            elif self.path == "/services/oauth2/token":
                self._answer(400, {"error": "invalid_client_id", "error_description": "client identifier invalid"})
            elif self.path == "/external-api/fcc-users-list":
                self._answer(200, {"success": True, "users": world.users})
            elif self.path == "/external-api/fcc-campaigns-list" and world.app_works:
                self._answer(200, {"success": True, "campaigns": world.campaigns})
            else:
                self._answer(200, {"success": False, "message": "unknown function"})

        def log_message(self, *args: object) -> None:
            pass

        def _answer(self, status: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    world.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
