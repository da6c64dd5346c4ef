"""What an encoder must be told so that its packets fit among a track's own, by codec.

Each encoder delays: its packet p decodes to its input from p * frame - delay on. The delays are those of FFmpeg's
encoders and decoders together: AAC one frame of 1,024; AC-3 and E-AC-3 one block of 256; LAME 1,105 (576 of its own,
529 of any decoder's); Opus 312 at 48 kHz (6.5 ms of looking ahead). Lossless codecs have none.

The packets must also fit what the decoder was told at the beginning, since nothing tells it again: the configuration
that the encoder would write beside them has to be the track's, and what frames say of themselves has to be what the
track's frames say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .plan import Reach

AAC_LC, ESCAPE = 2, 31
SBR_SYNC, PCE = 0x2B7, 0
PCM_BLOCK = 1024
"""PCM has no frames: any number of samples will do."""
OPUS_DELAY, OPUS_FRAMES = 312, {120: "2.5", 240: "5", 480: "10", 960: "20", 1920: "40", 2880: "60"}
MP3_DELAY = 1105
# What overlaps in MP3 is one granule of 576, and what its filter bank remembers some 480 more.
MP3_OVERLAP = 1152
# MDCT's overlap in CELT is 120 samples; what else an Opus decoder remembers fades over the packets after it.
OPUS_OVERLAP = 120
KBPS_PER_CHANNEL, MAX_OPUS_KBPS = 128, 512
EXACT_BITS = {16: "s16", 24: "s32"}
"""Bits of lossless samples that a float of 32 bits holds, and FFmpeg's format for them."""
AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)


@dataclass(frozen=True)
class Coding:
    """What is known of an audio track's coding."""

    codec: str
    """FFmpeg's name."""
    profile: str
    """FFmpeg's name; "" where it has none."""
    extradata: bytes
    """The decoder's configuration."""
    frame: int
    """Samples in its packets."""
    sample_format: str
    """That it decodes to, FFmpeg's name."""
    sample_rate: int
    """Hz."""
    layout: str
    """Of its channels, FFmpeg's name."""
    n_channels: int
    """Channels."""


@dataclass(frozen=True)
class Recipe:
    """How packets are made that fit among a track's own."""

    encoder: str
    """FFmpeg's name."""
    frame: int
    """Samples in a packet."""
    delay: int
    """Samples by which encoder and decoder together delay."""
    reach: Reach
    """How far a packet reaches."""
    sample_format: str
    """That the encoder is fed, FFmpeg's name."""
    sample_rate: int
    """Hz."""
    layout: str
    """Of its channels."""
    bit_rates: tuple[int, ...] = ()
    """Bits per second, the one to try first first; none for lossless codecs."""
    options: dict[str, str] = field(default_factory=dict)
    """For the encoder."""
    fits: Callable[[bytes], str] = lambda _extradata: ""
    """Why the configuration that the encoder wrote is not the track's, as half a sentence; "" where it is."""


def recipe_of(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    """The recipe for a track; or, as half a sentence, why its packets cannot be spliced.

    Args:
        track: how it is coded.
        near: packets in and beside what is to be replaced, which say of themselves how they are coded.
    """
    if track.codec.startswith("pcm_"):
        return _recipe(track, track.codec, PCM_BLOCK, 0, Reach(0, True), track.sample_format)
    maker = RECIPES.get(track.codec)
    if maker is None:
        return f"{track.codec} packets cannot be put among others"
    return maker(track, near)


def _recipe(
    track: Coding, encoder: str, frame: int, delay: int, reach: Reach, sample_format: str, **more: object
) -> Recipe:
    return Recipe(encoder, frame, delay, reach, sample_format, track.sample_rate, track.layout, **more)  # type: ignore[arg-type]


def _aac(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    config = aac_config(track.extradata)
    if config is None:
        return "the AAC has no configuration beside it"
    kind, has_sbr = config[0], config[-1]
    if kind != AAC_LC or has_sbr or track.profile not in ("LC", ""):
        return f"{track.profile or 'this kind of'} AAC is more than AAC-LC"
    if track.frame != 1024 or config[2] == PCE:
        return "the AAC has an unusual configuration"

    def fits(extradata: bytes) -> str:
        return "" if aac_config(extradata) == config else "the encoder would need another AAC configuration"

    rate = min(512, KBPS_PER_CHANNEL * track.n_channels) * 1000
    # The fast coder is the better one at high rates. Noise substitution is off: it would decode differently each time.
    options = {"aac_coder": "fast", "aac_pns": "0"}
    return _recipe(track, "aac", 1024, 1024, Reach(1024), "fltp", bit_rates=(rate,), options=options, fits=fits)


def aac_config(extradata: bytes) -> tuple[int, ...] | None:
    """Object type, rate index, channels, the three flags, and whether SBR follows, of an AudioSpecificConfig.

    Two configurations that differ in bytes may say the same: some writers add that there is no SBR.

    Returns:
        None where it is too short or of an escaped kind.
    Source: ISO/IEC 14496-3, 1.6.2.1 and 4.4.1.
    """
    if len(extradata) < 2:
        return None
    bits = int.from_bytes(extradata[:2], "big")
    kind, rate, channels, flags = bits >> 11, bits >> 7 & 15, bits >> 3 & 15, bits & 7
    if kind == ESCAPE or rate == 15:
        return None
    # Bit 16 on: syncExtensionType (11), the extension's object type (5), sbrPresentFlag (1).
    more = int.from_bytes(extradata[2:5].ljust(3, b"\0"), "big")
    has_sbr = more >> 13 == SBR_SYNC and bool(more >> 7 & 1)
    return kind, rate, channels, flags, int(has_sbr)


def _ac3(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    heads = {ac3_head(head) for head in near}
    if len(heads) != 1 or None in heads:
        return "its AC-3 frames differ among one another"
    head = heads.pop()
    assert head is not None
    if track.frame != 1536 or head[1] > 8:
        return "its AC-3 frames are of an unusual kind"
    rate = AC3_KBPS[head[0] >> 1] * 1000
    return _recipe(track, "ac3", 1536, 256, Reach(256), "fltp", bit_rates=(rate,), options=_dialnorm(head[-1]))


def _eac3(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    heads = {eac3_head(head) for head in near}
    if len(heads) != 1 or None in heads:
        return "its E-AC-3 frames differ among one another"
    head = heads.pop()
    assert head is not None
    if track.frame != 1536 or any(eac3_bytes(data) != len(data) for data in near):
        return "its E-AC-3 has more than one frame in a packet"
    rate = round(max(map(len, near)) * 8 * track.sample_rate / 1536)
    return _recipe(track, "eac3", 1536, 256, Reach(256), "fltp", bit_rates=(rate,), options=_dialnorm(head[-1]))


def _dialnorm(value: int) -> dict[str, str]:
    """The level of speech that receivers even out by: it must not change within a film."""
    return {"dialnorm": str(-value if value else -31)}


def ac3_head(data: bytes) -> tuple[int, ...] | None:
    """Of an AC-3 frame: size code, bsid, acmod, lfeon and dialnorm; None where it is none.

    Source: ATSC A/52, 5.3.1 and 5.3.2.
    """
    if data[:2] != b"\x0b\x77" or len(data) < 8:
        return None
    size_code, bsid = data[4] & 63, data[5] >> 3
    bits, at = int.from_bytes(data[6:10].ljust(4, b"\0"), "big"), 32
    acmod = bits >> 29
    at -= 3
    # Levels of the centre and of the surround channels, and whether stereo is Dolby Surround: two bits each.
    at -= 2 * ((acmod & 1 and acmod != 1) + bool(acmod & 4) + (acmod == 2))
    lfe, dialnorm = bits >> (at - 1) & 1, bits >> (at - 6) & 31
    return size_code & ~1, bsid, acmod, lfe, dialnorm


def eac3_head(data: bytes) -> tuple[int, ...] | None:
    """Of an E-AC-3 frame: stream, rate and blocks, acmod, lfeon, bsid and dialnorm; None where it is none.

    Source: ATSC A/52, E.1.2.2.
    """
    if data[:2] != b"\x0b\x77" or len(data) < 7:
        return None
    bits = int.from_bytes(data[5:7], "big")
    return data[2] >> 3, data[4] >> 4, data[4] >> 1 & 7, data[4] & 1, bits >> 11, bits >> 6 & 31


def eac3_bytes(data: bytes) -> int:
    """Bytes of the first frame in a packet."""
    return 2 * ((int.from_bytes(data[2:4], "big") & 0x7FF) + 1)


def _mp3(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    if len({(head[0], head[1] & 0xFE, head[2] & 0x0C, head[3] >> 6 == 3) for head in near if len(head) > 3}) != 1:
        return "its MP3 frames differ among one another"
    if track.frame not in (576, 1152) or track.n_channels > 2:
        return "its MP3 frames are of an unusual kind"
    half = track.frame == 576
    kbps = (160, 144, 128, 112, 96, 80, 64) if half else (256, 224, 192, 160, 128, 112, 96, 80, 64)
    rates = tuple(rate * 1000 for rate in kbps)
    reach = Reach(MP3_OVERLAP if not half else 1056)
    # Without the reservoir no new packet leans on one before it; see mp3.py for the old ones that do.
    return _recipe(
        track, "libmp3lame", track.frame, MP3_DELAY, reach, "fltp", bit_rates=rates, options={"reservoir": "0"}
    )


def _opus(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    if track.frame not in OPUS_FRAMES:
        return "its Opus packets are of an unusual length"
    gain, family = track.extradata[16:18], track.extradata[18:19]
    if family != b"\0" or gain != b"\0\0":
        return "its Opus has more than two channels or a gain of its own"
    rate = min(MAX_OPUS_KBPS, KBPS_PER_CHANNEL * track.n_channels) * 1000
    reach = Reach(OPUS_OVERLAP, settles=True)
    options = {"frame_duration": OPUS_FRAMES[track.frame], "application": "audio"}
    return _recipe(track, "libopus", track.frame, OPUS_DELAY, reach, "flt", bit_rates=(rate,), options=options)


def _flac(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    info = track.extradata[-34:] if len(track.extradata) >= 34 else b""
    if len(info) < 34 or info[:2] != info[2:4] or int.from_bytes(info[:2], "big") != track.frame:
        return "its FLAC has blocks of different sizes"
    if any(len(head) > 1 and head[1] & 1 for head in near):
        return "its FLAC has blocks of different sizes"

    def fits(extradata: bytes) -> str:
        # Sample rate, channels and bits per sample stand in bytes 10 to 13.
        new = extradata[-34:]
        same = new[10:13] == info[10:13] and new[13] >> 4 == info[13] >> 4
        return "" if same else "the encoder would need another FLAC configuration"

    bits = ((info[12] & 1) << 4 | info[13] >> 4) + 1
    if bits not in EXACT_BITS:
        return f"FLAC of {bits} bits is not spliced"
    options = {"frame_size": str(track.frame), "bits_per_raw_sample": str(bits)}
    return _recipe(track, "flac", track.frame, 0, Reach(0, True), EXACT_BITS[bits], options=options, fits=fits)


def _alac(track: Coding, near: Sequence[bytes]) -> Recipe | str:
    cookie = track.extradata[-24:]
    if len(cookie) < 24 or int.from_bytes(cookie[:4], "big") != track.frame or cookie[5] not in EXACT_BITS:
        return "its ALAC has an unusual configuration"

    def fits(extradata: bytes) -> str:
        new = extradata[-24:]
        # Frame length, bits, the three parameters of Rice's code, channels, longest run; and the sample rate.
        same = new[:12] == cookie[:12] and new[20:] == cookie[20:]
        return "" if same else "the encoder would need another ALAC configuration"

    options = {"frame_size": str(track.frame), "bits_per_raw_sample": str(cookie[5])}
    return _recipe(
        track, "alac", track.frame, 0, Reach(0, True), f"{EXACT_BITS[cookie[5]]}p", options=options, fits=fits
    )


RECIPES: dict[str, Callable[[Coding, Sequence[bytes]], Recipe | str]] = {
    "aac": _aac,
    "ac3": _ac3,
    "eac3": _eac3,
    "mp3": _mp3,
    "opus": _opus,
    "flac": _flac,
    "alac": _alac,
}
