"""A bare phone for tests: SIP text over a WebSocket, audio by aiortc. Written apart from the simulator's SIP code."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from sipmessage import Message, Request, Response

from simulators.fcc.media.listener import Listener
from simulators.fcc.media.tone import Tone

if TYPE_CHECKING:
    from aiortc.mediastreams import MediaStreamTrack

DOMAIN = "acme.fcc.example"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class Audio:
    """The phone's microphone (a tone) and ear."""

    def __init__(self, hz: float) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.tone = Tone(hz, time.monotonic)
        self.listener = Listener(time.monotonic)
        self.task: asyncio.Task[None] | None = None
        self.pc.addTrack(self.tone)
        self.pc.on("track", self._listen)

    def _listen(self, track: MediaStreamTrack) -> None:
        self.task = asyncio.create_task(self.listener.run(track))

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def answer(self, sdp: str) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.pc.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        if self.pc.signalingState != "stable":
            await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def close(self) -> None:
        await self.pc.close()
        self.tone.stop()
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task


class Phone:
    """One WebSocket of one extension. `async with Phone(url, "40312") as phone`."""

    def __init__(self, url: str, extension: str, password: str = "", *, hz: float = 440.0) -> None:
        self.url = url
        self.extension = extension
        self.password = password
        self.hz = hz
        self.contact = f"<sip:{secrets.token_hex(4)}@{secrets.token_hex(4)}.invalid;transport=ws>"
        self.requests: asyncio.Queue[Request] = asyncio.Queue()
        self.responses: asyncio.Queue[Response] = asyncio.Queue()
        self.pongs = 0
        self.nonce_count = 0
        self.calls: list[PhoneCall] = []
        self.cseq = 0
        self.supported = "path, outbound"
        self.register_id = secrets.token_hex(8)

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession()
        self.socket = await self.session.ws_connect(self.url, protocols=("sip",), autoclose=True)
        self.reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_error: object) -> None:
        for call in self.calls:
            await call.audio.close()
        self.reader.cancel()
        with suppress(asyncio.CancelledError):
            await self.reader
        await self.socket.close()
        await self.session.close()

    async def _read(self) -> None:
        async for message in self.socket:
            if not message.data.strip():
                self.pongs += 1
                continue
            parsed = Message.parse(message.data.encode())
            if isinstance(parsed, Request):
                self.requests.put_nowait(parsed)
            else:
                self.responses.put_nowait(parsed)

    async def response(self, *, over: int = 100, method: str | None = None, within: float = 5) -> Response:
        """The next response above `over` (100 Trying is passed over), of a method if one is named."""
        async with asyncio.timeout(within):
            while True:
                found = await self.responses.get()
                if found.code > over and (method is None or found.cseq.method == method):
                    return found

    async def request(self, method: str, *, within: float = 5) -> Request:
        async with asyncio.timeout(within):
            while True:
                found = await self.requests.get()
                if found.method == method:
                    return found

    async def send(self, method: str, uri: str, headers: dict[str, str], body: str = "") -> None:
        lines = [f"{method} {uri} SIP/2.0"]
        if "Via" not in headers:
            lines.append(f"Via: SIP/2.0/WS test.invalid;branch=z9hG4bK{secrets.token_hex(8)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Max-Forwards: 70", f"Content-Length: {len(body.encode())}", "", body]
        await self.socket.send_str("\r\n".join(lines))

    async def reply(
        self, request: Request, code: int, phrase: str, *, tag: str, body: str = "", extra: str = ""
    ) -> None:
        to = request.headers["To"]
        lines = [f"SIP/2.0 {code} {phrase}", f"Via: {request.headers['Via']}", f"From: {request.headers['From']}"]
        lines += [f"To: {to}" if "tag=" in to else f"To: {to};tag={tag}"]
        lines += [f"Call-ID: {request.call_id}", f"CSeq: {request.headers['CSeq']}", f"Contact: {self.contact}"]
        if extra:
            lines.append(extra)
        if body:
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(body.encode())}", "", body]
        await self.socket.send_str("\r\n".join(lines))

    def credentials(self, challenge: str, method: str, uri: str, *, password: str | None = None, user: str = "") -> str:
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        name = user or self.extension
        self.nonce_count += 1
        nc, cnonce = f"{self.nonce_count:08x}", secrets.token_hex(4)
        first = md5(f"{name}:{fields['realm']}:{self.password if password is None else password}")
        answer = md5(f"{first}:{fields['nonce']}:{nc}:{cnonce}:auth:{md5(f'{method}:{uri}')}")
        return (
            f'Digest algorithm=MD5, username="{name}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", '
            f'uri="{uri}", response="{answer}", qop=auth, cnonce="{cnonce}", nc={nc}'
        )

    async def register(
        self, *, expires: int = 600, user: str | None = None, password: str | None = None, as_user: str = ""
    ) -> Response:
        """REGISTER through the challenge; gives the answer to the one with credentials."""
        of = user or self.extension
        uri = f"sip:{DOMAIN}"
        challenge = await self._register_once(of, expires, None)
        assert challenge.code == 401, challenge.code
        authorization = self.credentials(
            challenge.headers["WWW-Authenticate"], "REGISTER", uri, password=password, user=as_user
        )
        return await self._register_once(of, expires, authorization)

    async def _register_once(self, of: str, expires: int, authorization: str | None) -> Response:
        self.cseq += 1
        headers = {
            "From": f"<sip:{of}@{DOMAIN}>;tag={secrets.token_hex(4)}",
            "To": f"<sip:{of}@{DOMAIN}>",
            "Call-ID": self.register_id,
            "CSeq": f"{self.cseq} REGISTER",
            "Contact": f'{self.contact};+sip.ice;reg-id=1;+sip.instance="<urn:uuid:1>";expires={expires}',
            "Supported": self.supported,
        }
        if authorization is not None:
            headers["Authorization"] = authorization
        await self.send("REGISTER", f"sip:{DOMAIN}", headers)
        return await self.response(method="REGISTER")

    async def dial(self, number: str, *, from_user: str | None = None) -> PhoneCall:
        """INVITE with credentials; the answers are for the caller to read."""
        call = PhoneCall(self, number, from_user or self.extension)
        self.calls.append(call)
        await call.invite()
        return call

    async def ringing(self, *, within: float = 5) -> PhoneCall:
        """Wait for an INVITE, and answer it with 180."""
        invite = await self.request("INVITE", within=within)
        call = PhoneCall.incoming(self, invite)
        self.calls.append(call)
        await self.reply(invite, 180, "Ringing", tag=call.tag)
        return call


class PhoneCall:
    """One dialog of the phone."""

    def __init__(self, phone: Phone, number: str, from_user: str) -> None:
        self.phone = phone
        self.audio = Audio(phone.hz)
        self.call_id = secrets.token_hex(10)
        self.tag = secrets.token_hex(4)
        self.cseq = 0
        self.uri = f"sip:{number}@{DOMAIN}"
        self.local = f"<sip:{from_user}@{DOMAIN}>;tag={self.tag}"
        self.remote = f"<{self.uri}>"
        self.target = self.uri
        self.via = ""
        self.incoming_invite: Request | None = None

    @classmethod
    def incoming(cls, phone: Phone, invite: Request) -> PhoneCall:
        call = cls(phone, "unused", phone.extension)
        call.incoming_invite = invite
        call.call_id = invite.call_id
        call.local = f"{invite.headers['To']};tag={call.tag}"
        call.remote = invite.headers["From"]
        call.target = re.findall(r"<([^>]+)>", invite.headers["Contact"])[0]
        return call

    def headers(self, method: str, cseq: int | None = None) -> dict[str, str]:
        self.via = f"SIP/2.0/WS test.invalid;branch=z9hG4bK{secrets.token_hex(8)}"
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        return {
            "Via": self.via,
            "From": self.local,
            "To": self.remote,
            "Call-ID": self.call_id,
            "CSeq": f"{cseq} {method}",
            "Contact": self.phone.contact,
        }

    async def invite(self) -> None:
        sdp = await self.audio.offer()
        await self.phone.send("INVITE", self.uri, {**self.headers("INVITE"), "Content-Type": "application/sdp"}, sdp)
        challenge = await self.phone.response(method="INVITE")
        assert challenge.code == 407, challenge.code
        await self.ack(challenge, via=self.via)
        proof = self.phone.credentials(challenge.headers["Proxy-Authenticate"], "INVITE", self.uri)
        headers = {**self.headers("INVITE"), "Proxy-Authorization": proof, "Content-Type": "application/sdp"}
        self.invite_via, self.invite_cseq = self.via, self.cseq
        await self.phone.send("INVITE", self.uri, headers, sdp)

    async def ack(self, response: Response, *, via: str | None = None, number: int | None = None) -> None:
        cseq = response.cseq.sequence if number is None else number
        headers = {**self.headers("ACK", cseq), "To": response.headers["To"]}
        if via is not None:
            headers["Via"] = via
        await self.phone.send("ACK", self.target, headers)

    async def answered(self, *, within: float = 5) -> Response:
        """Read answers until the final one; take SDP as it comes; ACK."""
        while True:
            answer = await self.phone.response(method="INVITE", within=within)
            if answer.body:
                await self.audio.accept(answer.body.decode())
            if answer.code >= 200:
                break
        if answer.code == 200:
            self.remote = answer.headers["To"]
            self.target = re.findall(r"<([^>]+)>", answer.headers["Contact"])[0]
            await self.ack(answer)
        else:
            await self.ack(answer, via=self.invite_via)
        return answer

    async def pick_up(self) -> None:
        assert self.incoming_invite is not None
        sdp = await self.audio.answer(self.incoming_invite.body.decode())
        await self.phone.reply(self.incoming_invite, 200, "OK", tag=self.tag, body=sdp)
        await self.phone.request("ACK")

    async def reject(self, code: int = 486, phrase: str = "Busy Here", extra: str = "") -> None:
        assert self.incoming_invite is not None
        await self.phone.reply(self.incoming_invite, code, phrase, tag=self.tag, extra=extra)
        await self.phone.request("ACK")

    async def cancel(self) -> None:
        headers = {**self.headers("CANCEL", self.invite_cseq), "Via": self.invite_via}
        await self.phone.send("CANCEL", self.uri, headers)

    async def bye(self) -> Response:
        await self.phone.send("BYE", self.target, self.headers("BYE"))
        return await self.phone.response(method="BYE")

    async def gets_bye(self, *, within: float = 5) -> Request:
        bye = await self.phone.request("BYE", within=within)
        assert bye.call_id == self.call_id
        await self.phone.reply(bye, 200, "OK", tag=self.tag)
        return bye

    async def direction(self, value: str, *, acknowledged: bool = True) -> Response:
        """A re-INVITE that only turns the direction, up to its ACK or without it."""
        sdp = re.sub(r"a=(sendrecv|sendonly|recvonly|inactive)", f"a={value}", self.audio.pc.localDescription.sdp)
        sdp = sdp.replace("a=setup:active", "a=setup:actpass").replace("a=setup:passive", "a=setup:actpass")
        headers = {**self.headers("INVITE"), "Content-Type": "application/sdp"}
        await self.phone.send("INVITE", self.target, headers, sdp)
        answer = await self.phone.response(method="INVITE")
        if acknowledged:
            await self.ack(answer)
        return answer

    async def press(self, digit: str) -> Response:
        headers = {**self.headers("INFO"), "Content-Type": "application/dtmf-relay"}
        await self.phone.send("INFO", self.target, headers, f"Signal={digit}\r\nDuration=100\r\n")
        return await self.phone.response(method="INFO")

    def hears(self, hz: float, tolerance: float = 6.0) -> bool:
        heard = self.audio.listener.hz
        return heard is not None and abs(heard - hz) <= tolerance
