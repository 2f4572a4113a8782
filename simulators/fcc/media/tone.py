"""What is played to the far side."""

from __future__ import annotations

import asyncio
import fractions
from typing import TYPE_CHECKING

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from simulators.fcc.media.samples import RATE, Samples

if TYPE_CHECKING:
    from collections.abc import Callable


FRAME = 960


_LOUDNESS = 9_000


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
