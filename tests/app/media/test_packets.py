"""The packets of an MP4 by FFmpeg's index are those that its demuxer hands out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from app import media
from app.media.open import opened
from app.media.proof.packets import packets_in_index, read_packets
from tests.fixtures_clips import TWO_STRETCHES, ClipShelf

KINDS = (
    "h264", "open_gop", "variable_rate", "sound_late", "own_edit_list", "hevc_open_gop", "several_tracks", "no_sound",
    "new_parameters", TWO_STRETCHES,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_index_says_what_demuxing_gives(clips: ClipShelf, in_this_process: None, kind: str) -> None:
    clip = media.probe_copy(clips.path(kind))
    with opened(clip.path) as container:
        indexed = packets_in_index(clip.path, container, clip.movie, None)
    assert indexed is not None
    demuxed = read_packets(clip.path)
    assert len(indexed.sounds) == len(demuxed.sounds)
    for one, other in zip((indexed.pictures, *indexed.sounds), (demuxed.pictures, *demuxed.sounds), strict=True):
        assert one.count == other.count > 0
        for field in dataclasses.fields(one):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


@pytest.mark.parametrize("kind", ["fragmented", "mov_pcm", "av1"])
def test_other_packets_are_demuxed(clips: ClipShelf, in_this_process: None, kind: str) -> None:
    clip = media.probe_copy(clips.path(kind))
    with opened(clip.path) as container:
        assert packets_in_index(clip.path, container, clip.movie, None) is None
    assert read_packets(clip.path, clip.movie).pictures.count >= clip.n_frames
