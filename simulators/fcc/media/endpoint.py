"""One end of a call's audio: offers, answers, and what is heard and played over it.

Source of the negotiation: RFC 3264 (offer/answer), RFC 8843 and RFC 8829 as aiortc implements them.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from simulators.fcc.media.listener import Listener
from simulators.fcc.media.tone import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulators.fcc.media.recorder import Recorder
    from simulators.fcc.media.samples import Samples


_DIRECTION = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\r?$", re.MULTILINE)


_MIRRORED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


def offer_addresses(addresses: Sequence[str] | None = None) -> None:
    """Let ICE offer these addresses; None means the machine's own and loopback as well, which aioice leaves out.

    Replaces a function of aioice for the whole process, so it is called by a program's start and by nobody else.
    """
    machine = aioice.ice.get_host_addresses

    def chosen(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        if addresses is not None:
            return list(addresses)
        return ["127.0.0.1", *(one for one in machine(use_ipv4, use_ipv6) if one != "127.0.0.1")]

    aioice.ice.get_host_addresses = chosen


class MediaEndpoint:
    """The far side's end of the audio: offers or answers once; later offers may change the direction only."""

    def __init__(self, hz: float | None, monotonic: Callable[[], float]) -> None:
        self._recorder: Recorder | None = None
        self.tone = Tone(hz, monotonic, lambda samples, rate: self._record(1, samples, rate))
        self.listener = Listener(monotonic, lambda samples, rate: self._record(0, samples, rate))
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._listening: asyncio.Task[None] | None = None
        self._version = 0
        self._remote_ufrag: list[str] = []
        self.direction = "sendrecv"
        self._role = "passive"
        self._closed = False
        self.on_lost: Callable[[], None] = lambda: None
        self._pc.on("connectionstatechange", self._watch)

    @property
    def connection(self) -> str:
        """new, connecting, connected, disconnected, failed or closed."""
        return str(self._pc.connectionState)

    @property
    def sent_hz(self) -> float | None:
        return None if self.tone.muted else self.tone.hz

    def record(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def answer(self, offer: str) -> str:
        """Answer the phone's offer; raises ValueError when it holds no audio we can speak."""
        self._pc.addTrack(self.tone)
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except Exception as error:  # aiortc raises what its parser stumbles over
            raise ValueError(f"offer not acceptable: {error}") from error
        self._note_remote(offer)
        return self._local()

    async def offer(self) -> str:
        self._pc.addTrack(self.tone)
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return self._local()

    async def accept(self, answer: str) -> None:
        """Take the phone's answer; raises ValueError when it does not fit the offer."""
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except Exception as error:  # aiortc raises what its parser stumbles over
            raise ValueError(f"answer not acceptable: {error}") from error
        self._note_remote(answer)

    def redirect(self, offer: str) -> tuple[str, bool]:
        """Answer a later offer: our first description with the direction turned; and whether the phone holds.

        Raises ValueError when the offer wants more than another direction (a restart of ICE).
        """
        if _ufrag(offer) != self._remote_ufrag:
            raise ValueError("only the direction can be changed")
        found = _DIRECTION.search(offer)
        self.direction = _MIRRORED[found[1] if found else "sendrecv"]
        self._version += 1
        held = self.direction in {"recvonly", "inactive"}
        self.tone.muted = held
        return self._local(), held

    def current(self) -> str:
        """Our side as it stands, for an offer-less re-INVITE."""
        return self._local()

    def offer_again(self, direction: str) -> str:
        """A later offer of ours that changes the direction only, named as this side sees it."""
        self.direction = direction
        self._version += 1
        return self._local()

    def take_direction(self, answer: str) -> str:
        """Do what the phone answered to such an offer; the direction it named, as the phone sees it."""
        found = _DIRECTION.search(answer)
        named = found[1] if found else "sendrecv"
        self.direction = _MIRRORED[named]
        self.tone.muted = self.direction in {"recvonly", "inactive"}
        return named

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._pc.close()
        self.tone.stop()
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        if self._recorder is not None:
            self._recorder.close()

    def _local(self) -> str:
        sdp = _DIRECTION.sub(f"a={self.direction}\r", str(self._pc.localDescription.sdp))
        if self._version:
            sdp = re.sub(
                r"^o=(\S+) (\S+) (\d+)",
                lambda m: f"o={m[1]} {m[2]} {int(m[3]) + self._version}",
                sdp,
                flags=re.MULTILINE,
            )
            sdp = sdp.replace("a=setup:actpass", f"a=setup:{self._role}")
        return _with_opus_settings(sdp)

    def _note_remote(self, sdp: str) -> None:
        self._remote_ufrag = _ufrag(sdp)
        self._role = "active" if "a=setup:passive" in sdp else "passive"
        for receiver in self._pc.getReceivers():
            if self._listening is None and receiver.track is not None and receiver.track.kind == "audio":
                self._listening = asyncio.create_task(self.listener.run(receiver.track))

    def _record(self, side: int, samples: Samples, rate: int) -> None:
        if self._recorder is not None:
            self._recorder.write(side, samples, rate)

    def _watch(self) -> None:
        if not self._closed and self.connection in {"failed", "closed"}:
            self.on_lost()


def _ufrag(sdp: str) -> list[str]:
    return sorted(set(re.findall(r"^a=ice-ufrag:(\S+)", sdp, re.MULTILINE)))


def _with_opus_settings(sdp: str) -> str:
    """Opus gets the settings aiortc leaves out; browsers expect the usual settings. Source: RFC 7587, section 7."""
    found = re.search(r"^a=rtpmap:(\d+) opus/48000/2\r$", sdp, re.MULTILINE | re.IGNORECASE)
    if found is None or f"a=fmtp:{found[1]} " in sdp:
        return sdp
    return sdp.replace(found[0], f"{found[0]}\na=fmtp:{found[1]} minptime=10;useinbandfec=1\r", 1)
