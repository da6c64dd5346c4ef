"""The stored pictures of a file as they are, undecoded, for proof that nothing touched them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from app.media.probe import opened, video_stream


def video_digest(path: Path) -> tuple[str, int]:
    """SHA-256 over the bytes of every video packet in stored order, and how many there are.

    Args:
        path: a video.
    Raises:
        MediaError: path is no video that can be read.
    """
    digest, count = hashlib.sha256(), 0
    with opened(Path(path)) as container:
        for packet in container.demux(video_stream(container, Path(path))):
            if packet.size:
                digest.update(bytes(packet))
                count += 1
    return digest.hexdigest(), count
