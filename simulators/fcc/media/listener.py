"""What is heard from the far side."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from simulators.fcc.media.samples import RATE, Samples

if TYPE_CHECKING:
    from collections.abc import Callable


_WINDOW = 16_384


_SILENT = 60.0


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
