"""The PBX itself: connects agents with customers, and keeps call list, statuses and subscribers informed."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from simulators.fcc import causes, customers
from simulators.fcc.calls import Call, CallBook, Leg, Side
from simulators.fcc.media import MediaEndpoint, Recorder
from simulators.fcc.sip.leg import Ending, IncomingLeg, OutgoingLeg
from simulators.fcc.timekeeping import WallClock, iso
from simulators.fcc.world import BUSY

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.fcc.presence import PresenceBoard
    from simulators.fcc.settings import Settings
    from simulators.fcc.signals import Signal
    from simulators.fcc.sip import leg as sip
    from simulators.fcc.sip.server import SipServer
    from simulators.fcc.sip.transport import Connection
    from simulators.fcc.webhooks import Webhooks
    from simulators.fcc.world import Campaign, User, World

_log = logging.getLogger(__name__)
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NATIONAL_DIGITS = 9
_SHORTEST = 3
BYE_GRACE_S = 2.0
_ELSEWHERE = "40399"


@dataclass
class Live:
    """What exists only while a call is up, and its last measurements afterwards."""

    call: Call
    leg: sip.Leg | None = None
    media: MediaEndpoint | None = None
    gone: asyncio.Future[Ending] | None = None
    task: asyncio.Task[None] | None = None
    refused_at: dict[int, float] = field(default_factory=dict)
    away_on: dict[int, Connection] = field(default_factory=dict)


class Exchange:
    """Outbound calls from agents' phones, inbound calls through queues. One event loop."""

    def __init__(
        self,
        world: World,
        settings: Settings,
        clock: WallClock,
        book: CallBook,
        presence: PresenceBoard,
        webhooks: Webhooks,
        server: SipServer,
        changed: Signal,
        recordings: Path,
    ) -> None:
        self._world = world
        self._settings = settings
        self._clock = clock
        self._book = book
        self._presence = presence
        self._webhooks = webhooks
        self._server = server
        self._changed = changed
        self._recordings = recordings
        self._live: dict[int, Live] = {}

    def recover(self) -> None:
        """Calls that were up when the last process ended: they failed, and the system ended them."""
        for call in self._book:
            if not call.ended:
                for leg in call.legs:
                    leg.state = "ended"
                self._end_record(call, Ending("system", causes.NETWORK_OUT_OF_ORDER), outcome="FAILED")

    # Outbound: what the SIP side asks

    def refusal(self, user: User, number: str) -> tuple[int, int] | None:
        """The SIP status and Q.850 cause with which a call is refused at once; None when it may go on."""
        if user.city_number is None or user.presentation is None:
            return 403, causes.REJECTED
        if not re.fullmatch(r"\+?[\d*#]+", number):
            return 404, causes.UNALLOCATED
        if self._e164(number) is None:
            return (404, causes.UNALLOCATED) if _SHORTEST <= len(number) <= len("40312") else (484, 28)
        presence = self._presence.of(user)
        if presence is not None and presence.status.id == BUSY:
            return 486, causes.BUSY
        return None

    def new_media(self) -> MediaEndpoint:
        return MediaEndpoint(None, self._clock.monotonic)

    def dialled(self, user: User, number: str, leg: IncomingLeg) -> None:
        """An agent's phone calls a number."""
        callee = self._e164(number) or number
        call = self._book.create(
            lambda calls_id, now: Call(
                calls_id,
                now,
                "outbound",
                user.presentation or "",
                callee,
                campaigns_id=self._world.off_campaign_id,
                users_id=user.id,
                sip_call_id=leg.call_id,
                invited_at=leg.invited_at,
            )
        )
        live = Live(call, leg, leg.media)
        self._live[call.calls_id] = live
        self._presence.engage(user, call.calls_id)
        record = self._new_leg(call, user, leg.call_id)
        self._tell("CallCreated", call, user=user, sip_call_id=leg.call_id)
        live.task = asyncio.create_task(self._outbound(live, user, leg, record))

    async def _outbound(self, live: Live, user: User, leg: IncomingLeg, record: Leg) -> None:
        call = live.call
        self._wire(live, user, leg, record)
        customer = customers.called(call.number_b, self._world.behaviours)
        script = asyncio.create_task(customer.take(_OutboundLine(self, live, user, leg, record), self._ring_seconds))
        first: set[asyncio.Future[Any]] = {script, leg.ended}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if script.done() and (error := script.exception()) is not None:
            _log.warning("call %s: %s", call.calls_id, error)
            await leg.refuse("system", 488, causes.NETWORK_OUT_OF_ORDER)
        ending = await leg.ended
        script.cancel()
        with suppress(asyncio.CancelledError, ValueError):
            await script
        await self._finish(live, user, leg, record, ending)

    # Inbound

    def incoming(
        self, number: str, *, name: str | None, ivr: str | None, behaviour: customers.Calling, queue: Campaign
    ) -> Call:
        """A customer calls a queue. `number` is E.164, or "anonymous" for one who withholds it."""
        call = self._book.create(
            lambda calls_id, now: Call(
                calls_id,
                now,
                "inbound",
                number,
                queue.queue_number or "",
                campaigns_id=queue.id,
                queue=queue.name,
                ivr=ivr,
                name=name,
                state="queued",
            )
        )
        live = Live(call, gone=asyncio.get_running_loop().create_future())
        self._live[call.calls_id] = live
        self._tell("CallCreated", call)
        live.task = asyncio.create_task(self._inbound(live, behaviour))
        return call

    async def _inbound(self, live: Live, behaviour: customers.Calling) -> None:
        assert live.gone is not None
        if behaviour.patience is not None:
            patience = asyncio.get_running_loop().call_later(behaviour.patience, self._loses_patience, live)
            live.gone.add_done_callback(lambda _: patience.cancel())
        while not live.gone.done():
            waiter = self._changed.waiter()
            user = self._presence.longest_ready(lambda one: self._may_be_offered(live, one))
            if user is None:
                pause = self._settings.reoffer_seconds if live.refused_at else None
                either: set[asyncio.Future[Any]] = {waiter, live.gone}
                await asyncio.wait(either, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                continue
            if await self._offer(live, user, behaviour):
                return
        ending = live.gone.result()
        self._end_record(live.call, ending)
        del self._live[live.call.calls_id]

    async def _offer(self, live: Live, user: User, behaviour: customers.Calling) -> bool:
        """Ring one agent; True when the agent took the call and it has ended since."""
        assert live.gone is not None
        assert user.extension is not None
        call = live.call
        phone = self._server.registrar.find(user.extension)
        assert phone is not None
        media = MediaEndpoint(behaviour.hz, self._clock.monotonic)
        leg = OutgoingLeg(self._server, phone.connection, user.extension, media, phone.contact, self._caller(call))
        self._server.adopt(leg)
        live.leg, live.media = leg, media
        self._presence.engage(user, call.calls_id)
        record = self._new_leg(call, user, leg.call_id)
        call.users_id, call.sip_call_id, call.state = user.id, leg.call_id, "ringing"
        self._book.changed(call)
        leg.on_ringing = lambda: self._tell("CallRinging", call, user=user, sip_call_id=leg.call_id)
        self._wire(live, user, leg, record)
        gone = live.gone
        gone.add_done_callback(lambda _: self._server.spawn(leg.dismiss(gone.result().side, gone.result().cause)))
        if await leg.call(self._ring_seconds):
            self._answered(live, user, leg, record)
            hang_up = None
            if behaviour.talks_for is not None:
                hang_up = asyncio.get_running_loop().call_later(behaviour.talks_for, lambda: leg.hang_up("customer"))
            ending = await leg.ended
            if hang_up is not None:
                hang_up.cancel()
            await self._finish(live, user, leg, record, ending)
            return True
        ending = await leg.ended
        await self._close_leg(leg, record, ending)
        live.leg = live.media = None
        live.refused_at[user.id] = self._clock.monotonic()
        if leg.away:
            live.away_on[user.id] = phone.connection
        else:
            live.away_on.pop(user.id, None)
        call.users_id, call.sip_call_id, call.state = None, None, "queued"
        self._book.changed(call)
        self._tell("CallLegEnded", call, user=user, sip_call_id=leg.call_id, cause=ending.cause)
        self._presence.release(user)
        return False

    def _may_be_offered(self, live: Live, user: User) -> bool:
        phone = None if user.extension is None else self._server.registrar.find(user.extension)
        if phone is None:
            return False
        refused = live.refused_at.get(user.id)
        if refused is None or self._clock.monotonic() - refused >= self._settings.reoffer_seconds:
            return True
        # Who is away has not rejected the call: another phone of the same agent may be rung at once.
        return user.id in live.away_on and live.away_on[user.id] is not phone.connection

    def _caller(self, call: Call) -> tuple[str, str]:
        if call.number_a == "anonymous":
            return "Anonymous", "sip:anonymous@anonymous.invalid"
        return call.name or "", f"sip:{call.number_a}@{self._world.sip_domain}"

    def _loses_patience(self, live: Live) -> None:
        if live.gone is not None and not live.gone.done() and live.call.answered_at is None:
            live.gone.set_result(Ending("customer", causes.NORMAL))

    # Both directions

    def hang_up(self, calls_id: int, side: Side) -> bool:
        """End a call for one of its sides; False when it is not up."""
        live = self._live.get(calls_id)
        if live is None:
            return False
        if live.gone is not None and live.call.answered_at is None:
            if side == "agent" and live.leg is not None:
                self._server.spawn(live.leg.dismiss("agent", causes.REJECTED))
            elif not live.gone.done():
                live.gone.set_result(Ending(side, causes.NORMAL))
        elif live.leg is not None:
            self._server.spawn(live.leg.dismiss(side))
        return True

    async def ask_phone(self, calls_id: int, method: str, direction: str) -> dict[str, Any] | None:
        """Send a request inside the agent's dialog of a call; how the phone answered, None when no such call is up.

        INVITE and UPDATE offer `direction`, as the PBX sees it; REFER asks the phone to call somebody else.
        """
        live = self._live.get(calls_id)
        if live is None or live.leg is None or not live.leg.answered:
            return None
        if method in {"INVITE", "UPDATE"}:
            status, turned = await live.leg.turn(method, direction)
            return {"status": status, "direction": turned}
        target = f"<sip:{_ELSEWHERE}@{self._world.sip_domain}>"
        answer = await live.leg.request(method, headers=(("Refer-To", target),))
        return {"status": None if answer is None else answer.code, "direction": None}

    def describe(self, call: Call) -> dict[str, Any]:
        """A call for the control page: its row, what is heard and sent, and its legs."""
        live = self._live.get(call.calls_id)
        media = live.media if live is not None else None
        path = self.recording(call)
        return {
            **call.row(with_sip_call_id=True),
            "name": call.name,
            "state": call.state,
            "invited_at": None if call.invited_at is None else round(call.invited_at.timestamp() * 1000, 3),
            "heard_hz": media.listener.hz if media is not None else None,
            "level": round(media.listener.level) if media is not None else 0,
            "sent_hz": media.sent_hz if media is not None else None,
            "media": media.connection if media is not None else None,
            "recording": f"/_sim/recordings/{path.name}" if path.exists() else None,
            "legs": [
                {
                    "users_id": leg.users_id,
                    "sip_call_id": leg.sip_call_id,
                    "state": leg.state,
                    "started_at": leg.started_at,
                    "answered_at": leg.answered_at,
                    "ended_at": leg.ended_at,
                    "cause": leg.cause,
                    "dtmf": leg.dtmf,
                }
                for leg in call.legs
            ],
        }

    def recording(self, call: Call) -> Path:
        return self._recordings / f"{call.calls_id}.wav"

    async def close(self) -> None:
        """Stop without a word, as a PBX that is switched off; calls that are up stay open in the call list."""
        tasks = [live.task for live in self._live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for live in self._live.values():
            if live.leg is not None:
                await live.leg.close()

    # How it is done

    @property
    def _ring_seconds(self) -> float:
        return self._settings.ring_seconds

    def _e164(self, number: str) -> str | None:
        """A dialled number in E.164: international with +, or nine national digits; None for anything else."""
        if _E164.fullmatch(number):
            return number
        if number.isdecimal() and len(number) == _NATIONAL_DIGITS and not number.startswith("0"):
            return f"+{self._world.country_code}{number}"
        return None

    def _new_leg(self, call: Call, user: User, sip_call_id: str) -> Leg:
        record = Leg(user.id, sip_call_id, iso(self._clock.now()))
        call.legs.append(record)
        return record

    def _wire(self, live: Live, user: User, leg: sip.Leg, record: Leg) -> None:
        """Let the leg's hold, digits and lost audio show in the call."""

        def held(holding: bool) -> None:
            record.state = live.call.state = "held" if holding else "talking"
            self._book.changed(live.call)
            self._tell("CallHeld" if holding else "CallResumed", live.call, user=user, sip_call_id=leg.call_id)

        def pressed(digit: str) -> None:
            record.dtmf += digit

        leg.on_hold = held
        leg.on_dtmf = pressed
        leg.media.on_lost = lambda: self._server.spawn(self._audio_lost(leg))

    @staticmethod
    async def _audio_lost(leg: sip.Leg) -> None:
        """End a leg without audio, unless its BYE is on the way: a browser closes its audio before it says BYE."""
        await asyncio.sleep(BYE_GRACE_S)
        if not leg.ended.done():
            await leg.dismiss("system", causes.NETWORK_OUT_OF_ORDER)

    def _answered(self, live: Live, user: User, leg: sip.Leg, record: Leg) -> None:
        call = live.call
        call.answered_at = self._clock.now()
        call.state = record.state = "talking"
        record.answered_at = iso(call.answered_at)
        call.recording = True
        leg.media.record(Recorder(self.recording(call), self._clock.monotonic))
        self._book.changed(call)
        self._tell("CallAnswered", call, user=user, sip_call_id=leg.call_id)

    async def _finish(self, live: Live, user: User, leg: sip.Leg, record: Leg, ending: Ending) -> None:
        call = live.call
        live.media = None
        await self._close_leg(leg, record, ending)
        self._tell("CallLegEnded", call, user=user, sip_call_id=leg.call_id, cause=ending.cause)
        self._end_record(call, ending)
        del self._live[call.calls_id]
        if call.answered_at is None:
            self._presence.release(user)
        else:
            self._presence.wrap_up(user, call.calls_id, call.campaigns_id)

    async def _close_leg(self, leg: sip.Leg, record: Leg, ending: Ending) -> None:
        record.state = "ended"
        record.ended_at = iso(self._clock.now())
        record.cause = ending.cause
        self._server.release(leg)
        await leg.close()

    def _end_record(self, call: Call, ending: Ending, outcome: Literal["FAILED"] | None = None) -> None:
        call.ended_at = self._clock.now()
        call.state = "ended"
        call.cause = ending.cause
        call.disconnecting_side = ending.side
        answered = call.answered_at is not None
        call.status = outcome or ("ANSWERED" if answered else causes.unanswered_outcome(ending.cause))
        self._book.changed(call)
        self._tell(
            "CallEnded",
            call,
            user=self._world.user(call.users_id) if call.users_id is not None else None,
            sip_call_id=call.sip_call_id,
            status=call.status,
            cause=call.cause,
            disconnecting_side=call.disconnecting_side,
            talk_seconds=call.talk_seconds,
            answered_at=iso(call.answered_at),
            ended_at=iso(call.ended_at),
            recording=call.recording,
        )

    def _tell(
        self, event: str, call: Call, *, user: User | None = None, sip_call_id: str | None = None, **more: Any
    ) -> None:
        data: dict[str, Any] = {
            "calls_id": call.calls_id,
            "date_time": iso(self._clock.now()),
            "campaigns_id": call.campaigns_id,
            "direction": call.direction,
            "users_id": user.id if user is not None else None,
            "queue": call.queue,
            "number_a": call.number_a,
            "number_b": call.number_b,
            "ivr": call.ivr,
            "segment": call.segment,
            **more,
        }
        if sip_call_id is not None and self._settings.correlation == "call-id":
            data["sip_call_id"] = sip_call_id
        self._webhooks.send(event, data)

    def ringing(self, live: Live, user: User, leg: sip.Leg) -> None:
        """The called customer's phone rings, or the network speaks."""
        self._book.changed(live.call)
        self._tell("CallRinging", live.call, user=user, sip_call_id=leg.call_id)

    def answered(self, live: Live, user: User, leg: sip.Leg, record: Leg) -> None:
        """The called customer picked up."""
        self._answered(live, user, leg, record)


class _OutboundLine:
    """A called customer's hold on the call, told to the exchange as it happens."""

    def __init__(self, exchange: Exchange, live: Live, user: User, leg: IncomingLeg, record: Leg) -> None:
        self._exchange = exchange
        self._live = live
        self._user = user
        self._leg = leg
        self._record = record

    async def ring(self, *, early_hz: float | None = None) -> None:
        await self._leg.ring(early_hz=early_hz)
        self._exchange.ringing(self._live, self._user, self._leg)

    async def announce(self, hz: float) -> None:
        await self._leg.announce(hz)
        self._exchange.ringing(self._live, self._user, self._leg)

    async def answer(self, hz: float) -> None:
        await self._leg.answer(hz)
        if not self._leg.ended.done():
            self._exchange.answered(self._live, self._user, self._leg, self._record)

    async def refuse(self, side: Literal["customer", "system"], code: int, cause: int) -> None:
        await self._leg.refuse(side, code, cause)

    def hang_up(self) -> None:
        self._leg.hang_up("customer")
