"""The whole story on a small clip: what comes out, what stays, what is redone, and that nothing is left behind."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from app.dub import Order, PartOrder, Run, carry_out, new_order
from app.dub.cut import plan_cut
from app.dub.mix import SourceSound, mix_piece, stretches_of
from app.dub.piece import Piece
from app.errors import ArchiveError, ConfigError, DubCancelled, MediaError, PlanError
from app.plan import SplitMode, timeline
from app.result.facts import MusicFacts, TakeFacts
from app.result.folder import Result
from app.result.verify import verify
from app.settings import Settings
from app.soundtrack.loudness import CEILING_DBTP
from app.soundtrack.mix import measure
from riffusion_inference.datatypes import Progress, Take, Waveform
from riffusion_inference.errors import EngineError, SettingError
from tests.fixtures_dub import (
    MUSIC,
    RATE,
    SETTINGS,
    ChordModel,
    OneModel,
    digest_tree,
    dub_parts,
    make_clip,
    nothing_left,
)


def test_everything_is_there(first_dub: Result, dub_clip: Path) -> None:
    names = sorted(digest_tree(first_dub.folder))
    assert names == [
        "LICENCE.txt", "film.mp4", "manifest.json", "music/02.png", "music/02.take2.png", "music/02.take2.wav",
        "music/02.wav", "my clip – ünï.zip", "original/02.mp4", "parts/01.mp4", "parts/02.mp4", "parts/03.mp4",
        "parts/04.mp4", "timeline.otio",
    ]  # fmt: skip
    assert first_dub.film == first_dub.folder / "film.mp4"
    assert [path.name for path in first_dub.parts] == ["01.mp4", "02.mp4", "03.mp4", "04.mp4"]
    assert [(one.part, one.chosen.seed) for one in first_dub.dubs] == [(2, 11)]
    assert first_dub.times[1] == (Fraction(1), Fraction(2))
    assert set(first_dub.manifest.seconds_per_stage) >= {"probe", "split", "generate", "mix", "mux", "check", "archive"}
    with zipfile.ZipFile(first_dub.archive) as archive:
        assert sorted(archive.namelist()) == sorted(name for name in names if not name.endswith(".zip"))
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        inside = json.loads(archive.read("manifest.json"))
    assert inside["source"]["path"] is None
    assert str(dub_clip.parent) not in json.dumps(inside)


def test_the_manifest_says_how_it_was_made(first_dub: Result, dub_clip: Path) -> None:
    facts = first_dub.manifest
    dubbed = facts.dub_of(2)
    assert (facts.source.name, facts.source.n_frames, facts.source.path) == (dub_clip.name, 40, str(dub_clip))
    assert (facts.split_asked, facts.split_used, facts.n_parts) == ("exact", "exact", 4)
    part = facts.parts[1]
    assert (part.start_frame, part.end_frame, part.start_sample, part.end_sample) == (10, 20, RATE, 2 * RATE)
    assert part.timeline == "00:01.000 to 00:02.000"
    music = dubbed.music
    assert music.generation == replace(MUSIC, candidates=2)
    assert (music.model, music.licence, music.n_samples, music.sample_rate) == ("chords", "mit", RATE, RATE)
    assert [take.seed for take in music.takes] == [11, 12]
    assert {"python", "torch", "diffusers"} <= set(facts.versions)
    assert dubbed.loudness_from == "the part's original sound"


def test_only_the_dubbed_range_sounds_different(first_dub: Result, dub_clip: Path) -> None:
    report = verify(first_dub.folder, dub_clip)
    assert report.ok, report.lines
    assert media.packet_hashes(first_dub.film) == media.packet_hashes(dub_clip)
    source, film = media.decode_audio(dub_clip).samples, media.decode_audio(first_dub.film).samples
    assert source.shape == film.shape
    level = float(np.sqrt(np.mean(source**2)))
    for start, end in ((0, RATE - 64), (2 * RATE + 64, 4 * RATE)):
        assert np.sqrt(np.mean((source - film)[:, start:end] ** 2)) < level / 10
    assert np.sqrt(np.mean((source - film)[:, RATE : 2 * RATE] ** 2)) > level / 4
    dubbed = media.audio_samples(first_dub.parts[1])
    assert dubbed.n_samples == RATE


def test_match_reaches_the_originals_loudness(first_dub: Result, dub_clip: Path) -> None:
    original = media.decode_audio(dub_clip, start_sample=RATE, end_sample=2 * RATE)
    wanted, _ = measure(original)
    facts = first_dub.manifest.dub_of(2)
    assert facts.loudness_lufs == pytest.approx(wanted, abs=0.3)
    assert facts.true_peak_dbtp <= CEILING_DBTP + 0.01
    heard, _ = measure(media.audio_samples(first_dub.parts[1]))
    # At both ends a packet of the old sound is left, 64 ms at this sample rate, and crosses over.
    assert heard == pytest.approx(wanted, abs=0.8)


def test_several_parts_have_their_own_prompts_and_one_model(dub_clip: Path, tmp_path: Path) -> None:
    model = ChordModel()
    made = dub_parts(dub_clip, tmp_path / "out", 4, (3, 1), prompts=("rain", "sun"), model=model)
    assert {call[0].prompt for call in model.calls} == {"rain", "sun"}
    facts = made.manifest
    assert [(one.part, one.prompt) for one in facts.dubs] == [(1, "sun"), (3, "rain")]
    assert verify(made.folder, dub_clip).ok


def test_a_clip_without_sound_gets_a_track_in_film_and_dubbed_part_only(tmp_path: Path) -> None:
    mute = make_clip(tmp_path / "mute.mp4", 2.0, sound=None)
    made = dub_parts(mute, tmp_path / "out", 4, (2,))
    film, dubbed, other = (media.probe(path) for path in (made.film, made.parts[1], made.parts[0]))
    assert (film.sample_rate, film.n_channels, film.n_samples) == (48000, 2, 96000)
    assert (dubbed.sample_rate, dubbed.n_samples) == (48000, 24000)
    assert other.sample_rate is None
    samples = media.decode_audio(made.film).samples
    assert np.abs(samples[:, :22000]).max() < 1e-3 < np.abs(samples[:, 25000:47000]).max()
    report = verify(made.folder, mute)
    assert report.ok, report.lines
    assert made.manifest.dub_of(2).loudness_lufs == pytest.approx(-16.0, abs=0.3)


def test_film_samples_outside_the_dubbed_range_are_the_sources_own(dub_clip: Path, tmp_path: Path) -> None:
    run = Run(SETTINGS)
    cut = plan_cut(dub_clip, 4, SplitMode.EXACT, run)
    sound = SourceSound(cut)
    mixed = []
    for part in (2, 3):
        media.write_wav(tmp_path / f"{part}.wav", Waveform(np.full((1, RATE), 0.1 * part, np.float32), RATE))
        takes = (TakeFacts(11, f"{part}.wav", None),)
        music = MusicFacts(MUSIC, None, None, "m", "mit", RATE, RATE, "k", takes)
        mixed += mix_piece(Piece((PartOrder(part, MUSIC, "m"),)), [music], cut, sound, run, tmp_path)
    [stretch] = stretches_of(mixed, cut)
    assert (stretch.start, stretch.end) == (RATE, 3 * RATE)
    source = sound.between(0, sound.n_samples)
    film = replace(source, samples=source.samples.copy())
    film.samples[:, RATE : 3 * RATE] = stretch.sound.samples
    # At the outer edges the source goes on for a moment, and between two dubbed parts there is a short dip.
    assert np.abs(film.samples[:, RATE] - source.samples[:, RATE]).max() < 1e-3
    assert np.abs(film.samples[:, 2 * RATE - 1 : 2 * RATE + 1]).max() < 1e-3
    assert np.abs(np.diff(film.samples[0, RATE - 50 : 3 * RATE + 50])).max() < 0.1


@pytest.mark.parametrize("stage", ["probe", "split", "generate", "mix", "mux", "check", "archive"])
def test_cancelling_at_any_stage_leaves_nothing(dub_clip: Path, tmp_path: Path, stage: str) -> None:
    seen: list[str] = []
    with pytest.raises(DubCancelled, match="nothing was left behind"):
        dub_parts(
            dub_clip, tmp_path / "a" / "b", 4, (2,),
            on_progress=lambda progress: seen.append(progress.stage), should_cancel=lambda: stage in seen,
        )  # fmt: skip
    assert seen[-1] == stage
    assert nothing_left(tmp_path)


class Broken(ChordModel):
    """Makes something that must not go into a film."""

    def __init__(self, spoil: Callable[[Take], Take]) -> None:
        super().__init__()
        self.spoil = spoil

    def generate(self, *args: Any, **kwargs: Any) -> list[Take]:
        return [self.spoil(take) for take in super().generate(*args, **kwargs)]


def with_samples(take: Take, samples: np.ndarray) -> Take:
    return replace(take, waveform=Waveform(samples, take.waveform.sample_rate))


def fail(take: Take) -> Take:
    raise EngineError("The model ran out of memory.")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda take: with_samples(take, take.waveform.samples[:, :-1]), "made 15999 samples"),
        (lambda take: with_samples(take, take.waveform.samples * np.float32(np.nan)), "not a number"),
        (fail, "out of memory"),
    ],
)
def test_a_model_that_fails_leaves_an_earlier_result_as_it_was(
    result_copy: Path, dub_clip: Path, tmp_path: Path, spoil: Callable[[Take], Take], sentence: str
) -> None:
    before = digest_tree(result_copy)
    with pytest.raises(EngineError, match=sentence):
        dub_parts(dub_clip, result_copy, 4, (3,), model=Broken(spoil), earlier=result_copy)
    assert digest_tree(result_copy) == before
    assert nothing_left(tmp_path, "out")


def test_an_existing_folder_is_safe(result_copy: Path, dub_clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is there already: choose another folder, or replace it with --force"):
        dub_parts(dub_clip, result_copy, 4, (1,))
    (result_copy / "notes.txt").write_text("mine")
    with pytest.raises(ArchiveError, match=r"holds notes\.txt, which this program did not write"):
        dub_parts(dub_clip, result_copy, 4, (1,), force=True)
    (result_copy / "notes.txt").unlink()
    assert [one.part for one in dub_parts(dub_clip, result_copy, 4, (1,), force=True).dubs] == [1]
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("mine")
    with pytest.raises(ArchiveError, match=r"holds no manifest\.json"):
        dub_parts(dub_clip, home, 4, (1,), force=True)
    assert (home / "letter.txt").read_text() == "mine"
    assert nothing_left(tmp_path, "out", "home")


def ordered(n_parts: int = 4, parts: tuple[int, ...] = (2,), prompts: tuple[str, ...] = ("a",), **given: Any) -> Order:
    """An order as every door makes it."""
    return new_order(
        Path("clip.mp4"), Path("out"), n_parts=n_parts, parts=parts, prompts=prompts, given=given,
        settings=SETTINGS, models=OneModel(ChordModel()),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda: ordered(0, (1,)), PlanError, "0 parts were asked for"),
        (lambda: ordered(4, (5,)), PlanError, "Part 5 does not exist: choose from 1 to 4"),
        (lambda: ordered(4, (2, 2)), PlanError, "named twice"),
        (lambda: ordered(prompts=()), ConfigError, "no prompt"),
        (lambda: ordered(4, (2, 3, 4), ("a", "b")), ConfigError, "2 prompts for 3 parts"),
        (lambda: ordered(split_mode="rough"), ConfigError, "choose one of keyframe"),
        (lambda: ordered(sound_mode="loud"), ConfigError, "choose one of replace"),
        (lambda: ordered(music_gain_db=1.0), SettingError, "gain in dB is 1.0, but must be from -40 to 0"),
        (lambda: ordered(loudness=0.0), SettingError, "Loudness in LUFS is 0.0, but must be from -40 to -6"),
        (lambda: ordered(take=2), SettingError, "Take is 2, but must be from 1 to 1"),
    ],
)
def test_a_wrong_order_is_one_sentence(make: Callable[[], Any], kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        make()


def test_what_is_not_given_is_the_models_own_and_a_seed_is_drawn() -> None:
    one, other = (ordered().parts[0].generation for _ in range(2))
    assert one.seed != other.seed
    own = SETTINGS.model_defaults("chords")
    assert (one.guidance_scale, one.num_inference_steps) == (own.guidance_scale, own.num_inference_steps)
    assert ordered(guidance_scale=3.0).parts[0].generation.guidance_scale == 3.0


def test_a_part_of_exactly_the_shortest_length_gets_music(dub_clip: Path, tmp_path: Path) -> None:
    result = dub_parts(dub_clip, tmp_path / "out", 20, (2,))
    assert result.manifest.parts[1].n_samples * 5 == result.manifest.sample_rate


def test_parts_too_short_for_music_and_videos_too_long_are_said_before_any_work(dub_clip: Path, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"Part 2 lasts 0\.100 s, but music is made for 0\.2 s.*choose fewer parts"):
        dub_parts(dub_clip, tmp_path / "out", 40, (2,))
    with pytest.raises(PlanError, match="41 parts were asked for"):
        dub_parts(dub_clip, tmp_path / "out", 41, (2,))
    short = replace(SETTINGS, max_duration_seconds=3)
    with pytest.raises(MediaError, match=r"lasts 00:04\.000, but at most 3 s are accepted"):
        dub_parts(dub_clip, tmp_path / "out", 4, (2,), settings=short)
    with pytest.raises(PlanError, match=r"Part 3 does not exist.*2 keyframes"):
        dub_parts(dub_clip, tmp_path / "out", 4, (3,), split_mode="keyframe")
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("mode", ["keyframe", "exact", "reencode"])
def test_every_split_mode_verifies(dub_clip: Path, tmp_path: Path, mode: str) -> None:
    notes: list[str] = []
    made = dub_parts(dub_clip, tmp_path / "out", 2, (), split_mode=mode, on_note=notes.append)
    assert (made.film, made.archive, made.manifest.film_sound) == (None, None, None)
    report = verify(made.folder, dub_clip)
    assert report.ok, report.lines
    assert made.manifest.split_used == mode


def test_stages_come_in_order_and_end(dub_clip: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    dub_parts(dub_clip, tmp_path / "out", 2, (2,), on_progress=seen.append)
    order = list(dict.fromkeys(progress.stage for progress in seen))
    assert order == ["probe", "load model", "split", "generate", "mix", "mux", "check", "archive"]
    for stage in order:
        last = [progress for progress in seen if progress.stage == stage][-1]
        assert last.done == last.total, stage


def test_nothing_writes_to_a_folder_that_may_not_be_written(dub_clip: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match="cannot be written"):
        carry_out(Order(dub_clip, tmp_path / "file" / "out", 2), Run(SETTINGS), OneModel(ChordModel()))


def test_times_are_told_as_people_read_them() -> None:
    assert timeline(Fraction(1024, 100)) == "00:10.240"
    assert timeline(Fraction(3661)) == "1:01:01.000"
    assert isinstance(SETTINGS, Settings)
