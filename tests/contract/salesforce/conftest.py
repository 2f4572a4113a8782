"""An org on loopback whose answers the test writes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from cti import outgoing
from cti.salesforce.org import SalesforceOrgs
from tests.support.json_server import Answer, JsonServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class OrgRow:
    my_domain_url: str
    id: str = "00D8W000000AcmeUAC"
    client_id: str = "demo-pairing-key"
    client_secret: str = "demo-pairing-secret-b25a"
    api_version: str = "67.0"
    environment: str = "production"
    is_sandbox: bool = False


@dataclass
class Watch:
    """An observer that remembers."""

    usage: list[tuple[str, int, int]] = field(default_factory=list)
    requests: list[tuple[str, int]] = field(default_factory=list)

    def request(self, org_id, resource, status, seconds):
        self.requests.append((resource, status))

    def api_usage(self, org_id, used, allowed):
        self.usage.append((org_id, used, allowed))


class FakeOrg:
    """Gives out tokens `token-1`, `token-2` …; answers the rest from the queue `answers`, then with `default`."""

    def __init__(self) -> None:
        self.tokens = 0
        self.token_answers: deque[Answer] = deque()
        self.answers: deque[Answer] = deque()
        self.default = Answer(body={"records": [], "searchRecords": [], "done": True, "totalSize": 0})
        self.valid: set[str] | None = None

    def __call__(self, request):
        if request.path == "/services/oauth2/token":
            if self.token_answers:
                return self.token_answers.popleft()
            self.tokens += 1
            return Answer(
                body={
                    "access_token": f"token-{self.tokens}",
                    "instance_url": "http://evil.localhost:1",
                    "id": "http://evil.localhost:1/id/x",
                    "issued_at": "1700000000000",
                    "token_type": "Bearer",
                    "signature": "x",
                    "scope": "api",
                }
            )
        bearer = request.headers["Authorization"].removeprefix("Bearer ")
        if self.valid is not None and bearer not in self.valid:
            return Answer(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
        return self.answers.popleft() if self.answers else self.default


@pytest.fixture
def fake() -> FakeOrg:
    return FakeOrg()


@pytest.fixture
def server(fake) -> Iterator[JsonServer]:
    with JsonServer(fake) as server:
        yield server


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def http() -> Iterator[object]:
    with outgoing.session(timeout=(2, 5)) as session:
        yield session


@pytest.fixture
def row(server) -> OrgRow:
    return OrgRow(server.url)


@pytest.fixture
def orgs(row, http, clock, watch) -> SalesforceOrgs:
    return SalesforceOrgs(lambda _org_id: row, http, clock, watch)


@pytest.fixture
def org(orgs, row):
    return orgs.org(row.id)
