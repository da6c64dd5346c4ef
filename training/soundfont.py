"""A tiny SoundFont 2 made on the spot, so that the whole training can run where no soundfont is installed."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.patterns import DRUM_SETS

SAMPLE_RATE = 22050
PERIOD = 84
"""Samples in one period of the waves: middle C is 262.5 Hz."""
GUARD = 46
"""Zeros that the format wants after each sample."""
GEN_DECAY, GEN_SUSTAIN, GEN_RELEASE, GEN_INSTRUMENT, GEN_SAMPLE, GEN_MODES = 36, 37, 38, 41, 53, 54
DRUM_BANK = 128


def _waves() -> list[tuple[str, NDArray[np.float64]]]:
    """Four waves: a soft and a bright one that last, one that is struck, and noise for drums."""
    phase = 2 * np.pi * np.arange(32 * PERIOD) / PERIOD
    soft = np.sin(phase) + 0.3 * np.sin(2 * phase)
    bright = sum((np.sin(k * phase) / k for k in range(1, 13)), np.zeros_like(phase))
    struck = np.sin(phase) + 0.5 * np.sin(4 * phase)
    noise = np.random.default_rng(0).normal(size=32 * PERIOD)
    return [
        (name, wave / np.abs(wave).max())
        for name, wave in (("soft", soft), ("bright", bright), ("struck", struck), ("noise", noise))
    ]


def _chunk(name: str, data: bytes) -> bytes:
    """A RIFF chunk, padded to even length."""
    return name.encode() + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name: str, *chunks: bytes) -> bytes:
    """A RIFF list."""
    return _chunk("LIST", name.encode() + b"".join(chunks))


def _name(text: str) -> bytes:
    """A name field of 20 bytes."""
    return text.encode()[:19].ljust(20, b"\0")


def _instruments() -> tuple[bytes, bytes, bytes]:
    """The inst, ibag and igen chunks: one instrument for each wave."""
    heads, bags, generators = b"", b"", b""
    for index, (name, _) in enumerate(_waves()):
        heads += _name(name) + struct.pack("<H", index)
        bags += struct.pack("<HH", len(generators) // 4, 0)
        decay, sustain = (-1200, 1000) if name in ("struck", "noise") else (0, 0)
        for number, value in (
            (GEN_DECAY, decay),
            (GEN_SUSTAIN, sustain),
            (GEN_RELEASE, -2400),
            (GEN_MODES, 1),
            (GEN_SAMPLE, index),
        ):
            generators += struct.pack("<Hh", number, value)
    count = len(_waves())
    heads += _name("EOI") + struct.pack("<H", count)
    bags += struct.pack("<HH", len(generators) // 4, 0)
    return _chunk("inst", heads), _chunk("ibag", bags), _chunk("igen", generators + bytes(4))


def _presets() -> tuple[bytes, bytes, bytes]:
    """The phdr, pbag and pgen chunks: every General MIDI program, and the drum sets in bank 128."""
    sustained = {instrument.program for instrument in INSTRUMENTS.values() if instrument.sustains}
    bright = {
        instrument.program
        for instrument in INSTRUMENTS.values()
        if instrument.family in ("synth", "brass", "guitar", "strings")
    }
    choices = [(program, 0, (1 if program in bright else 0) if program in sustained else 2) for program in range(128)]
    choices += [(program, DRUM_BANK, 3) for program in sorted(DRUM_SETS.values())]
    heads, bags, generators = b"", b"", b""
    for index, (program, bank, instrument) in enumerate(choices):
        heads += _name(f"p{bank}-{program}") + struct.pack("<HHHIII", program, bank, index, 0, 0, 0)
        bags += struct.pack("<HH", index, 0)
        generators += struct.pack("<HH", GEN_INSTRUMENT, instrument)
    heads += _name("EOP") + struct.pack("<HHHIII", 0, 0, len(choices), 0, 0, 0)
    bags += struct.pack("<HH", len(choices), 0)
    return _chunk("phdr", heads), _chunk("pbag", bags), _chunk("pgen", generators + bytes(4))


def write_tiny_soundfont(path: Path) -> Path:
    """Write a soundfont of four synthetic waves that has every General MIDI program and drum set; returns the path.

    Source: SoundFont Technical Specification 2.01.
    """
    samples, headers, position = b"", b"", 0
    for name, wave in _waves():
        data = np.round(wave * 20000).astype("<i2").tobytes() + bytes(2 * GUARD)
        end = position + len(wave)
        headers += _name(name) + struct.pack(
            "<IIIIIBbHH", position, end, position + 4 * PERIOD, end - 4 * PERIOD, SAMPLE_RATE, 60, 0, 0, 1
        )
        samples, position = samples + data, end + GUARD
    headers += _name("EOS") + struct.pack("<IIIIIBbHH", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    info = _list(
        "INFO", _chunk("ifil", struct.pack("<HH", 2, 1)), _chunk("isng", b"EMU8000\0"), _chunk("INAM", b"tiny\0\0")
    )
    instruments, instrument_bags, instrument_generators = _instruments()
    presets, preset_bags, preset_generators = _presets()
    articulation = _list(
        "pdta",
        presets,
        preset_bags,
        _chunk("pmod", bytes(10)),
        preset_generators,
        instruments,
        instrument_bags,
        _chunk("imod", bytes(10)),
        instrument_generators,
        _chunk("shdr", headers),
    )
    path.write_bytes(_chunk("RIFF", b"sfbk" + info + _list("sdta", _chunk("smpl", samples)) + articulation))
    return path
