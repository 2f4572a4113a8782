"""Audio: an endpoint that plays a tone, hears which tone comes back, and records both sides.

Source of the negotiation: RFC 3264 (offer/answer), RFC 8843 and RFC 8829 as aiortc implements them.
"""

from __future__ import annotations

import asyncio
import fractions
import re
import wave
from contextlib import suppress
from typing import TYPE_CHECKING

import aioice.ice
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    Samples = npt.NDArray[np.int16]

RATE = 48_000
FRAME = 960
RECORD_RATE = 16_000
_WINDOW = 16_384
_LOUDNESS = 9_000
_SILENT = 60.0
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


class Recorder:
    """A stereo WAV file, the agent left and the customer right, lined up by the time at which the audio passed."""

    def __init__(self, path: Path, monotonic: Callable[[], float]) -> None:
        self.path = path
        self._monotonic = monotonic
        self._file: wave.Wave_write | None = None
        self._start = 0.0
        self._sides: tuple[list[Samples], list[Samples]] = ([], [])
        self._lengths = [0, 0]
        self._written = 0
        self._closed = False

    def write(self, side: int, samples: Samples, rate: int) -> None:
        """Add audio of one side (0 agent, 1 customer): mono 16-bit samples at `rate` Hz."""
        if self._closed:
            return
        if self._file is None:
            self._start = self._monotonic()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = wave.open(str(self.path), "wb")  # noqa: SIM115 - open as long as the call lasts
            self._file.setnchannels(2)
            self._file.setsampwidth(2)
            self._file.setframerate(RECORD_RATE)
        fitted = _resample(samples, rate)
        due = int((self._monotonic() - self._start) * RECORD_RATE)
        for one in (0, 1):
            wanted = due - (len(fitted) if one == side else RECORD_RATE)
            if self._lengths[one] < wanted - RECORD_RATE // 5:
                self._append(one, np.zeros(wanted - self._lengths[one], np.int16))
        self._append(side, fitted)
        if min(self._lengths) - self._written >= RECORD_RATE:
            self._flush(min(self._lengths))

    def close(self) -> None:
        """Finish the file; both sides become equally long. Idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._file is not None:
            longest = max(self._lengths)
            for one in (0, 1):
                if self._lengths[one] < longest:
                    self._append(one, np.zeros(longest - self._lengths[one], np.int16))
            self._flush(longest)
            self._file.close()

    def _append(self, side: int, samples: Samples) -> None:
        self._sides[side].append(samples)
        self._lengths[side] += len(samples)

    def _flush(self, until: int) -> None:
        assert self._file is not None
        count = until - self._written
        parts = []
        for side in self._sides:
            whole = np.concatenate(side) if side else np.zeros(0, np.int16)
            parts.append(whole[:count])
            side[:] = [whole[count:]]
        self._file.writeframes(np.column_stack(parts).astype("<i2").tobytes())
        self._written = until


class Listener:
    """Hears the far side: the loudest frequency and the level of the last third of a second."""

    def __init__(self, monotonic: Callable[[], float], on_audio: Callable[[Samples, int], None] | None = None) -> None:
        self._monotonic = monotonic
        self._on_audio = on_audio
        self._recent: Samples = np.zeros(0, np.int16)
        self._rate = RATE
        self._at = 0.0
        self.frames = 0

    async def run(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                channels = frame.layout.nb_channels
                samples = frame.to_ndarray().reshape(-1, channels).mean(axis=1).astype(np.int16)
                self._rate = frame.sample_rate
                self._recent = np.concatenate((self._recent, samples))[-_WINDOW:]
                self._at = self._monotonic()
                self.frames += 1
                if self._on_audio is not None:
                    self._on_audio(samples, frame.sample_rate)

    @property
    def level(self) -> float:
        """Root mean square of what was heard lately, 0 … 32767."""
        if len(self._recent) == 0 or self._monotonic() - self._at > 0.5:  # noqa: PLR2004 - half a second is stale
            return 0.0
        return float(np.sqrt(np.mean(self._recent.astype(np.float64) ** 2)))

    @property
    def hz(self) -> float | None:
        """The loudest frequency, or None in silence or without fresh audio."""
        if self.level < _SILENT or len(self._recent) < _WINDOW // 4:
            return None
        spectrum = np.abs(np.fft.rfft(self._recent * np.hanning(len(self._recent)), 4 * _WINDOW))
        return round(float(np.argmax(spectrum)) * self._rate / (4 * _WINDOW), 1)


class Tone(MediaStreamTrack):
    """A sine of unbroken phase, 48 kHz mono in real time; silent while `hz` is None or `muted`."""

    kind = "audio"

    def __init__(
        self, hz: float | None, monotonic: Callable[[], float], on_audio: Callable[[Samples, int], None] | None = None
    ) -> None:
        super().__init__()
        self.hz = hz
        self.muted = False
        self._monotonic = monotonic
        self._on_audio = on_audio
        self._phase = 0.0
        self._count = 0
        self._start: float | None = None

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        if self._start is None:
            self._start = self._monotonic()
        wait = self._start + self._count / RATE - self._monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        if self.hz is None or self.muted:
            samples = np.zeros(FRAME, np.int16)
        else:
            step = 2 * np.pi * self.hz / RATE
            samples = (np.sin(self._phase + step * np.arange(FRAME)) * _LOUDNESS).astype(np.int16)
            self._phase = (self._phase + step * FRAME) % (2 * np.pi)
        if self._on_audio is not None:
            self._on_audio(samples, RATE)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self._count
        frame.time_base = fractions.Fraction(1, RATE)
        self._count += FRAME
        return frame


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


def _resample(samples: Samples, rate: int) -> Samples:
    if rate == RECORD_RATE:
        return samples
    if rate % RECORD_RATE == 0:
        step = rate // RECORD_RATE
        means: Samples = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1).astype(np.int16)
        return means
    wanted = len(samples) * RECORD_RATE // rate
    return np.interp(np.arange(wanted) * rate / RECORD_RATE, np.arange(len(samples)), samples).astype(np.int16)
