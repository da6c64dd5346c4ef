"""MP3 packets that lean on nobody, and on whom nobody leans.

The data of an MP3 frame may begin in the bytes that frames before it left over (the bit reservoir): main_data_begin
says how many bytes before the frame, 511 at most. New packets are encoded without a reservoir, so they need none of the
old ones. But the first old packet after the run may need bytes of packets that were replaced. Those bytes are kept: the
last new packet gets a higher bit rate in its header, which makes it longer, and the old bytes stand at its end, behind
its own data, where the decoder looks for them.

    | header | side info | data of the last new packet | zeros | last bytes of the packets replaced || old packet ...

Source: ISO/IEC 11172-3, 2.4.1.7 and 2.4.3.1; ISO/IEC 13818-3, 2.4.1.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KBPS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By bit rate index, for MPEG-1 and for MPEG-2 and 2.5."""
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
RESERVOIR_BYTES = 511


@dataclass(frozen=True)
class Mp3Frame:
    """A packet, taken apart."""

    data: bytes
    """All of it."""
    is_mpeg1: bool
    """False: MPEG-2 or 2.5, with one granule a frame."""
    is_mono: bool
    """One channel."""
    main_at: int
    """Where the main data begins: past the header, its checksum and the side information."""

    @property
    def reservoir(self) -> int:
        """main_data_begin: how many bytes before its own main data it needs."""
        side = self._side
        return int.from_bytes(side[:2], "big") >> 7 if self.is_mpeg1 else side[0]

    @property
    def _side(self) -> bytes:
        return self.data[self.main_at - _side_bytes(self.is_mpeg1, self.is_mono) : self.main_at]

    @property
    def used(self) -> int:
        """Bytes of its own main data."""
        side = int.from_bytes(self._side, "big")
        total = len(self._side) * 8
        channels = 1 if self.is_mono else 2
        if self.is_mpeg1:
            at, granules, step = 9 + (5 if self.is_mono else 3) + 4 * channels, 2, 59
        else:
            at, granules, step = 8 + (1 if self.is_mono else 2), 1, 63
        lengths = [side >> (total - at - step * n - 12) & 0xFFF for n in range(granules * channels)]
        return -(-sum(lengths) // 8)

    @property
    def main(self) -> bytes:
        """The bytes for main data, its own and what later frames use."""
        return self.data[self.main_at :]


def mp3_frame(data: bytes) -> Mp3Frame:
    """Take a packet apart.

    Raises:
        ValueError: it is no frame of MPEG audio's layer 3.
    """
    if len(data) < 40 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2:
        raise ValueError("no frame of layer 3")
    is_mpeg1, is_mono = data[1] >> 3 & 3 == 3, data[3] >> 6 == 3
    main_at = 4 + (0 if data[1] & 1 else 2) + _side_bytes(is_mpeg1, is_mono)
    return Mp3Frame(data, is_mpeg1, is_mono, main_at)


def _side_bytes(is_mpeg1: bool, is_mono: bool) -> int:
    return (17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17)


def needed_before(after: Sequence[bytes]) -> int:
    """How many bytes before the first of some packets they need; packets past the reservoir's reach do not matter."""
    needed = between = 0
    for data in after:
        frame = mp3_frame(data)
        needed = max(needed, frame.reservoir - between)
        between += len(frame.main)
        if between >= RESERVOIR_BYTES:
            break
    return needed


def detached(new: Sequence[bytes], old: Sequence[bytes], after: Sequence[bytes]) -> list[bytes] | None:
    """New packets in the place of old ones, so that the packets after them find what they lean on.

    Args:
        new: encoded without a reservoir.
        old: those that are replaced, or the last few of them.
        after: the packets after these, as many as there are within the reservoir's reach.
    Returns:
        The new packets, the last one longer where it must be; None where it cannot be long enough.
    """
    needed = needed_before(after)
    if any(mp3_frame(data).reservoir for data in new[:1]):
        return None
    if not needed:
        return list(new)
    kept = b"".join(mp3_frame(data).main for data in old)[-needed:]
    if len(kept) < needed:
        return None
    last = mp3_frame(new[-1])
    for index in range(1, 15):
        longer = _with_bit_rate(last, index)
        if longer is not None and longer - last.main_at >= last.used + needed and longer >= len(last.data):
            head = last.data[:2] + bytes([last.data[2] & 0x0D | index << 4]) + last.data[3:4]
            body = last.data[4 : last.main_at + last.used]
            filler = bytes(longer - last.main_at - last.used - needed)
            return [*new[:-1], head + body + filler + kept]
    return None


def _with_bit_rate(frame: Mp3Frame, index: int) -> int | None:
    """Bytes of a frame at another bit rate, without padding."""
    version, rate_index = frame.data[1] >> 3 & 3, frame.data[2] >> 2 & 3
    if version not in RATES or rate_index > 2:
        return None
    return (144 if frame.is_mpeg1 else 72) * KBPS[frame.is_mpeg1][index] * 1000 // RATES[version][rate_index]
