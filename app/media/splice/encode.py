"""New packets for a run: an encoder is fed the mix in its surroundings, and the packets of the run are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np

from .codecs import Recipe
from .flac import frame_number, numbered
from .mp3 import detached
from .plan import Swap

MP3_TAIL = 4
"""Packets at the end of a run of MP3 that may have a lower bit rate than the rest."""
CONTEXT_FRAMES = 8
"""Frames beside a run that an encoder is fed too, so that it knows what the music comes out of."""
Signal = Callable[[int, int], np.ndarray]
"""The film's new sound from one sample to another, [C, T] float32: the mix in the ranges, the source beside them."""


class CannotSpliceError(Exception):
    """The new packets do not fit among the old ones; why, as half a sentence."""


@dataclass(frozen=True)
class Beside:
    """Old packets in and beside a run, as far as new ones depend on them."""

    old: Sequence[bytes]
    """The last ones that are replaced, a few."""
    after: Sequence[bytes]
    """The first ones after the run, a few; none where it ends the track."""
    last: int = 0
    """Which packet of the track the last of `old` is."""


def encode_swap(recipe: Recipe, swap: Swap, signal: Signal, beside: Beside) -> list[bytes]:
    """The new packets of a run.

    Args:
        recipe: of the track.
        swap: which packets.
        signal: what is to be heard.
        beside: the old packets.
    Returns:
        swap.last - swap.first packets.
    Raises:
        CannotSpliceError: they do not fit among the track's own.
    """
    if recipe.encoder == "libmp3lame":
        return _mp3_packets(recipe, swap, signal, beside)
    [bit_rate] = recipe.bit_rates or (None,)
    packets = _encoded(recipe, swap, signal, bit_rate)
    if recipe.encoder == "flac":
        first = swap.first - swap.last
        first += (
            frame_number(beside.after[0]) if beside.after else frame_number(beside.old[-1]) + swap.last - beside.last
        )
        packets = [numbered(data, max(0, first) + n) for n, data in enumerate(packets)]
    return packets


def _mp3_packets(recipe: Recipe, swap: Swap, signal: Signal, beside: Beside) -> list[bytes]:
    """The last few packets get a lower bit rate, until the last one has room for the bytes that old ones need."""
    packets: list[bytes] = []
    for bit_rate in recipe.bit_rates:
        tail = min(MP3_TAIL, swap.last - swap.first) if packets else swap.last - swap.first
        first = swap.last - tail
        part = replace(swap, first=first, start=swap.start + (first - swap.first) * recipe.frame)
        packets[len(packets) - tail :] = _encoded(recipe, part, signal, bit_rate)
        try:
            made = detached(packets, beside.old, beside.after)
        except ValueError as error:
            raise CannotSpliceError(f"its MP3 has {error}") from error
        if made is not None:
            return made
    raise CannotSpliceError("old MP3 packets lean on too much of what the new ones replace")


def _encoded(recipe: Recipe, swap: Swap, signal: Signal, bit_rate: int | None) -> list[bytes]:
    """What an encoder makes of a run, packet for packet.

    Packet p of the encoder decodes to its input from p * frame - delay on. The run's first packet is to decode to
    swap.start, so with `lead` packets before it the input begins at swap.start - lead * frame + delay.
    """
    n_packets = swap.last - swap.first
    lossless = recipe.reach.is_lossless
    lead = 0 if lossless else CONTEXT_FRAMES
    begin = swap.start - lead * recipe.frame + recipe.delay
    end = swap.end if lossless else begin + (2 * lead + n_packets) * recipe.frame
    packets = _run_encoder(recipe, signal(begin, end), bit_rate)[lead : lead + n_packets]
    if len(packets) != n_packets:
        raise CannotSpliceError(f"the encoder made {len(packets)} packets where {n_packets} are needed")
    return packets


def check_fits(recipe: Recipe) -> str:
    """Why an encoder's packets would not fit a track, as half a sentence; "" where they do."""
    try:
        _opened(recipe, recipe.bit_rates[0] if recipe.bit_rates else None)
    except CannotSpliceError as error:
        return str(error)
    return ""


def _opened(recipe: Recipe, bit_rate: int | None) -> Any:
    try:
        context: Any = av.CodecContext.create(recipe.encoder, "w")
        context.sample_rate, context.layout, context.format = recipe.sample_rate, recipe.layout, recipe.sample_format
        context.time_base = Fraction(1, recipe.sample_rate)
        context.options = {"strict": "experimental", **recipe.options}
        if bit_rate is not None:
            context.bit_rate = bit_rate
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        raise CannotSpliceError(f"the encoder refuses it ({error})") from error
    why_not = recipe.fits(bytes(context.extradata or b""))
    if why_not:
        raise CannotSpliceError(why_not)
    return context


def _run_encoder(recipe: Recipe, samples: np.ndarray, bit_rate: int | None) -> list[bytes]:
    context = _opened(recipe, bit_rate)
    try:
        packets: list[bytes] = []
        for at in range(0, samples.shape[1], recipe.frame):
            frame = _frame(samples[:, at : at + recipe.frame], recipe)
            frame.pts = at
            packets += [bytes(packet) for packet in context.encode(frame)]
        return packets + [bytes(packet) for packet in context.encode(None)]
    except (av.error.FFmpegError, ValueError) as error:
        raise CannotSpliceError(f"the encoder refuses it ({error})") from error


def _frame(samples: np.ndarray, recipe: Recipe) -> Any:
    """[C, n] float32 as a frame in the encoder's format; integers are what float32 was made of, to the bit."""
    form = av.AudioFormat(recipe.sample_format)
    packed: np.ndarray = np.ascontiguousarray(samples)
    if recipe.sample_format.rstrip("p") in ("s16", "s32", "u8"):
        bits = form.bits
        scaled = np.rint(samples.astype(np.float64) * (1 << (bits - 1)))
        packed = np.clip(scaled, -(1 << (bits - 1)), (1 << (bits - 1)) - 1).astype(f"i{bits // 8}")
        if recipe.sample_format.startswith("u8"):
            packed = (packed.astype(np.int16) + 128).astype(np.uint8)
    elif recipe.sample_format.rstrip("p") == "dbl":
        packed = packed.astype(np.float64)
    if not form.is_planar:
        packed = np.ascontiguousarray(packed.T).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format=recipe.sample_format, layout=recipe.layout)
    frame.sample_rate = recipe.sample_rate
    return frame
