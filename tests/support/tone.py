"""Sine tones in files, for Chromium's pretended microphone."""

from __future__ import annotations

import array
import math
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib

RATE = 48_000


def write_tone(path: pathlib.Path, hertz: int, seconds: int = 10) -> pathlib.Path:
    """Write `seconds` of a mono 16-bit sine; whole periods, so that Chromium's loop has no click."""
    samples = array.array("h", (int(12_000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(RATE * seconds)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return path
