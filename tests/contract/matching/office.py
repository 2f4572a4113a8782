"""Anna's side of the integration: what asks the Salesforce simulator for her."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cti.accounts import AgentRef, PaneSession
from cti.clock import SystemClock
from cti.matching.access import RecordAccess
from cti.matching.as_agent import AsAgent
from cti.matching.service import Matching
from cti.salesforce.org import SalesforceOrgs
from tests.support import accounts

ANNA = "anna.nowak@acme.example"


class Office:
    """Anna's side of the integration."""

    def __init__(self, sim, database, http) -> None:
        self.sim = sim
        self.database = database
        self.clock = SystemClock()
        row = sim.org_row()
        as_agent = AsAgent(database, SalesforceOrgs(lambda _id: row, http, self.clock))
        self.matching = Matching(as_agent, self.clock)
        self.access = RecordAccess(as_agent, self.clock)
        self.agent = AgentRef("acme-1", sim.user_id(ANNA), 101)
        accounts.pair(database, self.clock, org_id=sim.org_id)

    def sign_in(self) -> None:
        now = self.clock.now()
        token = self.sim.post("login", user=ANNA)["token"]
        with self.database.write() as uow:
            uow.sessions.add(
                PaneSession(
                    id="s1",
                    org_id=self.sim.org_id,
                    pairing_id="acme-1",
                    sf_user_id=self.agent.sf_user_id,
                    fcc_user_id=101,
                    language="pl",
                    name="Anna Nowak",
                    email=ANNA,
                    token=token,
                    token_at=now,
                    created_at=now,
                    expires_at=now + timedelta(hours=1),
                    revoked_at=None,
                )
            )
            uow.commit()

    def set(self, **changes) -> None:
        with self.database.write() as uow:
            uow.pairings.save(replace(uow.pairings.get("acme-1"), **changes))
            uow.commit()

    def names(self, number, ivr=None):
        result = self.matching.find(self.agent, number, ivr=ivr)
        assert result.complete
        return [(record.object_type, record.name, record.reason) for record in result.candidates]

    def check(self, name, object_type):
        return self.access.check(self.agent, self.sim.record_id(name), object_type).record
