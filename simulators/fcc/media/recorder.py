"""Recordings of calls."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np

from simulators.fcc.media.samples import Samples, resample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


RECORD_RATE = 16_000


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
        fitted = resample(samples, rate, RECORD_RATE)
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
