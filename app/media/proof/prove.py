"""The proof, top to bottom: read packets -> hold pictures and sound against the source -> decode the edges -> film.

Everything goes in and comes out as plain values, in one call, so that it can be carried out anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from riffusion_inference.datatypes import OnProgress, Progress, ShouldCancel

from ...files import check_cancel
from ...plan import SplitMode
from ...wall.registry import walled
from ..clip import Clip
from ..cut.clean_start import starts_alike
from ..cut.lossless import plain_movie
from ..open import opened
from ..probe import probe_opened
from .edges import SourceFrames, affordable, cuts_of, first_frame, judged, last_frame
from .encoded_sound import encoded_sound
from .everything import Compared, compare_all, decode_all
from .evidence import (
    Claim,
    Depth,
    DubEvidence,
    Edge,
    Evidence,
    FilmEvidence,
    Match,
    PartFile,
    PictureEvidence,
    SoundEvidence,
)
from .film import FilmSound, film_evidence
from .packets import FilePackets, packets_in_index, read_packets
from .pictures import (
    Pictures,
    copied_pictures,
    encoded_pictures,
    film_pictures,
    latest,
    looks_of,
    with_mistaken,
)
from .sound_edges import with_edges
from .sounds import Sound, copied_sound, is_copied, segmented_sound, sound_of


@walled
def prove(
    claim: Claim,
    depth: Depth = Depth.NEW,
    *,
    on_progress: OnProgress | None = None,
    should_cancel: ShouldCancel | None = None,
) -> Evidence:
    """Hold everything that a result has of its source against the source.

    Args:
        claim: the files, and what they are said to be.
        depth: how much is decoded.
        on_progress: stage "verify", in frames, where all of them are decoded.
        should_cancel: asked often.
    Returns:
        What was found; nothing in it is judged.
    Raises:
        MediaError: a file cannot be read.
        DubCancelled: should_cancel returned True.
    """
    return _Proof(claim, depth, on_progress, should_cancel).evidence()


@dataclass(frozen=True)
class _File:
    """A file as it was read."""

    clip: Clip
    """Probed."""
    packets: FilePackets
    """Of all its tracks."""

    @property
    def pictures(self) -> Pictures:
        return Pictures(self.clip, self.packets.pictures)


class _Proof:
    """What every step of one proof shares."""

    def __init__(
        self, claim: Claim, depth: Depth, on_progress: OnProgress | None, should_cancel: ShouldCancel | None
    ) -> None:
        self.claim, self.depth, self.on_progress, self.should_cancel = claim, depth, on_progress, should_cancel
        self.source_frames = SourceFrames(claim.source, should_cancel)
        self.files = self._read_all()
        self.source = self.files[claim.source.path]
        self.source_pictures = self.source.pictures
        parts = [self.files[one.path].clip for one in claim.parts]
        self.is_encoded = claim.mode == SplitMode.REENCODE
        self.is_segmented = claim.mode == SplitMode.KEYFRAME and any(clip.movie is None for clip in parts)

    def _read_all(self) -> dict[Path, _File]:
        claim = self.claim
        paths = [one.path for one in claim.parts] + [one.dubbed for one in claim.parts if one.dubbed is not None]
        paths += [claim.film] if claim.film is not None else []

        source = _File(claim.source, read_packets(claim.source.path, claim.source.movie, self.should_cancel))
        return {claim.source.path: source, **{path: self._read(path) for path in paths}}

    def _read(self, path: Path) -> _File:
        with opened(path) as container:
            clip = probe_opened(path, container)
            packets = packets_in_index(path, container, clip.movie, self.should_cancel)
        return _File(clip, packets or read_packets(path, None, self.should_cancel))

    def evidence(self) -> Evidence:
        """All steps."""
        pictures = self._pictures()
        if any(self._must_compare(one) for one in pictures):
            pictures = self._compared(pictures)
        elif self.depth == Depth.ALL:
            pictures = self._decoded(pictures)
        sounds = self._sounds()
        dubs = tuple(self._dub(one) for one in self.claim.parts)
        film = self._film() if self.claim.film is not None else None
        return Evidence(tuple(pictures), sounds, dubs, film)

    def _must_compare(self, found: PictureEvidence) -> bool:
        """Whether only frames tell what pictures are the source's, and there is time for them."""
        if self.is_encoded:
            return self.depth == Depth.ALL
        return self.depth != Depth.EDGES and found.match == Match.UNKNOWN

    def _pictures(self) -> list[PictureEvidence]:
        claim = self.claim
        cuts = cuts_of([(one.part.start_frame, one.part.end_frame) for one in claim.parts])
        near = affordable(claim.source, cuts)
        if self.depth == Depth.ALL:
            # All frames are decoded later, the first and the last of a copy among them.
            near = {*cuts} if self.is_encoded else set()
        is_near = [{one.part.start_frame, one.part.end_frame} <= near for one in claim.parts]
        if self.is_encoded:
            return self._encoded(is_near)
        found, before = [], 0
        for one, is_one_near in zip(claim.parts, is_near, strict=True):
            file = self.files[one.path]
            expected = before if self.is_segmented else None
            evidence = copied_pictures(self.source_pictures, file.pictures, one, expected, self.should_cancel)
            found.append(self._with_edges(evidence, file.clip, one) if is_one_near else evidence)
            before += file.packets.pictures.count
        if not self.is_segmented and any(one.first == Edge.SKIPPED for one in found):
            found = self._with_starts(found)
        return found

    def _encoded(self, is_near: list[bool]) -> list[PictureEvidence]:
        """Pictures that were encoded again; a few frames of the parts that are near enough to keyframes."""
        source, found, looks = self.claim.source, [], []
        for one, is_one_near in zip(self.claim.parts, is_near, strict=True):
            check_cancel(self.should_cancel)
            file = self.files[one.path]
            is_looked_at = is_one_near and file.clip.n_frames == one.part.n_frames
            look = looks_of(source, file.clip, one) if is_looked_at else None
            looks.append(look)
            found.append(encoded_pictures(source, file.clip, one, look, file.packets.pictures.count))
        return with_mistaken(found, looks)

    def _with_starts(self, found: list[PictureEvidence]) -> list[PictureEvidence]:
        """For parts whose first frames are too far from their beginnings: whether decoding may begin there.

        At the end of a run that is known: its plan copies nothing where it may not.
        """
        if self.depth == Depth.EDGES:
            return found
        parts = tuple(one.part for one, known in zip(self.claim.parts, found, strict=True) if not _is_known(known))
        if starts_alike(self.claim.source, parts):
            return found
        return [one if _is_known(one) else replace(one, first=Edge.DIFFERENT) for one in found]

    def _with_edges(self, found: PictureEvidence, copy: Clip, one: PartFile) -> PictureEvidence:
        """What was found of a copy, and what decoding its first and its last frame gives."""
        if found.n_frames != one.part.n_frames or found.match in (Match.DIFFERENT, Match.ELSEWHERE):
            return found
        first = first_frame(copy, self.source_frames, one.part.start_frame)
        last = last_frame(copy, self.source_frames, one.part.end_frame - 1)
        return replace(found, first=first, last=last)

    def _decoded(self, pictures: list[PictureEvidence]) -> list[PictureEvidence]:
        """Decode all of the parts."""
        tell, found, before = self._tell(self.claim.source.n_frames), [], 0
        for one, seen in zip(self.claim.parts, pictures, strict=True):
            clip = self.files[one.path].clip
            decoded = decode_all(clip, tell, before, self.should_cancel)
            lost = clip.n_frames - decoded.n_frames
            is_damaged = bool(decoded.n_broken or lost)
            found.append(
                replace(
                    seen,
                    n_decoded=decoded.n_frames,
                    n_damaged=lost,
                    n_others=decoded.n_others,
                    first=judged(decoded.first, self.source_frames, one.part.start_frame),
                    last=judged(decoded.last, self.source_frames, one.part.end_frame - 1),
                    is_damaged=is_damaged,
                )
            )
            before += clip.n_frames
        return found

    def _compared(self, pictures: list[PictureEvidence]) -> list[PictureEvidence]:
        """Hold all of the parts' frames against the source's."""
        copies = [(self.files[one.path].clip, one.part.start_frame) for one in self.claim.parts]
        total = self.claim.source.n_frames
        compared = compare_all(self.claim.source, copies, self.is_encoded, self._tell(total), self.should_cancel)
        both = zip(pictures, compared, copies, strict=True)
        return [_with_compared(one, all_of, first) for one, all_of, (_, first) in both]

    def _tell(self, total: int) -> Callable[[int], None]:
        def tell(done: int) -> None:
            if self.on_progress is not None:
                self.on_progress(Progress("verify", done, total))

        return tell

    def _sounds(self) -> tuple[tuple[SoundEvidence, ...], ...]:
        """Of each part, its tracks; one after another, so that the source's is opened once for all edges."""
        of_tracks = []
        for number, packets in enumerate(self.source.packets.sounds):
            if packets.sample_rate:
                of_tracks.append(self._track(number, sound_of(self.source.clip, packets)))
        return tuple(tuple(one for one in part if one is not None) for part in zip(*of_tracks, strict=True)) or tuple(
            () for _ in self.claim.parts
        )

    def _track(self, number: int, source: Sound) -> list[SoundEvidence | None]:
        """One track in each part; None where a part lacks it."""
        has = [one for one in self.claim.parts if number < len(self.files[one.path].packets.sounds)]
        files = [self.files[one.path] for one in has]
        copies = [sound_of(file.clip, file.packets.sounds[number]) for file in files]
        is_copy, before, found = is_copied(self.source.clip, source.packets.codec, self.is_segmented), 0, []
        for one, copy in zip(has, copies, strict=True):
            if self.is_segmented:
                found.append(segmented_sound(source, copy, before))
                before += copy.packets.count
            elif is_copy:
                found.append(copied_sound(source, copy, one.part, self.should_cancel))
            else:
                found.append(encoded_sound(source, copy, one.part, self.depth, self.should_cancel))
        if self.is_segmented and found and before != source.packets.count:
            found[-1] = replace(found[-1], match=Match.DIFFERENT)
        if is_copy and not self.is_segmented:
            parts = [(copy, one.part) for one, copy in zip(has, copies, strict=True)]
            found = with_edges(found, source, parts, self.should_cancel)
        by_path = {one.path: evidence for one, evidence in zip(has, found, strict=True)}
        return [by_path.get(one.path) for one in self.claim.parts]

    def _dub(self, one: PartFile) -> DubEvidence | None:
        if one.dubbed is None:
            return None
        new, old = self.files[one.dubbed], self.files[one.path]
        late = Fraction(0)
        if new.clip.n_frames == old.clip.n_frames:
            late = latest(new.clip, old.clip)
        else:
            late = max(new.clip.duration, old.clip.duration)
        same = new.packets.pictures.digests == old.packets.pictures.digests
        config = new.packets.pictures.config == old.packets.pictures.config
        return DubEvidence(same, config, late, new.clip.n_samples, new.clip.sample_rate)

    def _film(self) -> FilmEvidence:
        assert self.claim.film is not None
        film, source = self.files[self.claim.film], self.source
        is_repackaged = plain_movie(source.clip) is None
        pictures = film_pictures(self.source_pictures, film.pictures, is_repackaged, self.should_cancel)
        if pictures.match == Match.UNKNOWN and self.depth != Depth.EDGES:
            total = source.clip.n_frames
            [compared] = compare_all(source.clip, [(film.clip, 0)], False, self._tell(total), self.should_cancel)
            pictures = _with_compared(pictures, compared, 0)
        sound = FilmSound(self.claim, film.clip, film.packets, source.packets, self.depth, self.should_cancel)
        return film_evidence(sound, pictures)


def _is_known(found: PictureEvidence) -> bool:
    return found.first != Edge.SKIPPED


def _with_compared(found: PictureEvidence, compared: Compared, first: int) -> PictureEvidence:
    """What was found of pictures, and what comparing every one of them gave."""
    differs = compared.different[0] - first if compared.different else None
    match = found.match
    if match == Match.UNKNOWN and compared.least is None:
        match = Match.DIFFERENT if compared.different or compared.n_lost else Match.DECODED
    if compared.least is not None and compared.worst is not None:
        differs = compared.worst - first
    return replace(
        found,
        match=match,
        likeness=compared.least if compared.least is not None else found.likeness,
        n_decoded=compared.n_same + len(compared.different),
        differs_frame=differs,
        n_damaged=compared.n_damaged + compared.n_revived,
        is_damaged=compared.was_damaged,
        n_lost=compared.n_lost,
    )
