"""Scores are painted by a checkpoint that takes sketches, and are a start for one that does not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from riffusion_inference.datatypes import SCHEDULERS, GenerationSettings, Progress
from riffusion_inference.diffusion.canvas import Canvas
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.diffusion.painter import begin_below
from riffusion_inference.diffusion.sketching import noise_columns, sketch_picture, sketch_sound, with_sharp_drums
from riffusion_inference.errors import SettingError
from riffusion_inference.notation.score import TICKS, Accent, Score, ScoreNote, Tempo
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score

RATE = 22050


def written(text: str = "solo piano, 120 BPM", seconds: Fraction = Fraction(3), seed: int = 1) -> Score:
    return write_score(read_prompt(text), seconds, seed)


def asked(*scores: Score, **changes: object) -> GenerationSettings:
    options = {"prompt": "calm piano", "seed": 7, "num_inference_steps": 2, "scores": scores, **changes}
    return GenerationSettings(**options)  # type: ignore[arg-type]


def make(model: RiffusionModel, settings: GenerationSettings, n_samples: int = 3 * RATE) -> np.ndarray:
    return model.generate(settings, n_samples, RATE)[0].waveform.samples


def test_nothing_rises_before_a_drum_on_an_accent_that_does_not_rise_in_the_sketch() -> None:
    # 120 BPM: two beats of 0.5 s, 25 columns each; the sketch rises in the second column before each.
    strokes = tuple(ScoreNote(beat * TICKS, "drums", 0, 36, TICKS, 100) for beat in (1, 2))
    score = Score(strokes, 3 * TICKS, (Tempo(0, 500_000),), accents=(Accent(TICKS, 1.0),))
    sketch = np.ones((3, 4, 80), dtype=np.float32)
    painted = np.ones((1, 4, 75), dtype=np.float32)
    for stroke in (25, 50):
        painted[:, :, stroke - 3 :], sketch[:, :, stroke - 2 :] = 0.2, 0.7
    sharp = with_sharp_drums(painted, sketch, score)
    assert np.allclose(sharp[0, 0, 20:26], [1, 1, 1, 0.7, 0.7, 0.2])
    # A drum that is no accent, and all that is not just before one, stay as they were painted.
    assert np.array_equal(sharp[:, :, 25:], painted[:, :, 25:])
    assert np.array_equal(sharp[:, :, :22], painted[:, :, :22])


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("n_samples", "rate"), [(4410, 22050), (48000 * 6 + 1, 48000)])
def test_exact_samples_with_a_score(painter_model: RiffusionModel, n_samples: int, rate: int, loop: bool) -> None:
    score = written(seconds=Fraction(n_samples, rate))
    take = painter_model.generate(asked(score, loop=loop, num_inference_steps=1), n_samples, rate)[0]
    assert take.waveform.samples.shape == (1, n_samples)
    assert np.isfinite(take.waveform.samples).all()
    assert take.score == score


def test_what_is_written_decides_what_is_painted(painter_model: RiffusionModel) -> None:
    score, other = written(), written("solo flute, 90 BPM")
    painted = make(painter_model, asked(score))
    assert np.array_equal(painted, make(painter_model, asked(score)))
    assert not np.array_equal(painted, make(painter_model, asked(other)))
    assert not np.array_equal(painted, make(painter_model, asked()))
    assert not np.array_equal(painted, make(painter_model, asked(score, seed=8)))
    assert not np.array_equal(painted, make(painter_model, asked(score, prompt="loud drums")))


def test_each_candidate_has_its_score(painter_model: RiffusionModel) -> None:
    scores = (written(seed=1), written(seed=2))
    takes = painter_model.generate(asked(*scores, candidates=2), 3 * RATE, RATE)
    assert [take.score for take in takes] == [*scores]
    assert np.array_equal(takes[1].waveform.samples, make(painter_model, asked(scores[1], seed=8)))
    both = painter_model.generate(asked(scores[0], candidates=2), 3 * RATE, RATE)
    assert [take.score for take in both] == [scores[0]] * 2
    with pytest.raises(SettingError, match="2 scores for 3 candidates"):
        asked(*scores, candidates=3)


def test_a_seed_and_a_score_together(painter_model: RiffusionModel) -> None:
    score = written()
    seed = sketch_sound(written("techno"), 3.0)
    painted = make(painter_model, asked(score, seed_audio=seed))
    assert not np.array_equal(painted, make(painter_model, asked(score)))
    assert not np.array_equal(painted, make(painter_model, asked(seed_audio=seed)))


def test_a_checkpoint_without_sketches_starts_from_the_scores_sound(tiny_model: RiffusionModel) -> None:
    assert not tiny_model.takes_scores
    score = written(seconds=Fraction(1))
    settings = GenerationSettings("calm piano", seed=3, num_inference_steps=4, strength=0.5, scores=(score,))
    canvas, _ = tiny_model.plan(8000, 8000)
    sound = sketch_sound(score, canvas.n_columns * 80 / 8000)
    by_hand = replace(settings, scores=(), seed_audio=sound)
    take = tiny_model.generate(settings, 8000, 8000)[0]
    assert np.array_equal(take.waveform.samples, tiny_model.generate(by_hand, 8000, 8000)[0].waveform.samples)
    assert take.score == score


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("steps", [1, 4, 10])
def test_all_steps_are_spent_below_the_noise_that_a_sketch_needs(
    painter_model: RiffusionModel, scheduler: str, steps: int
) -> None:
    made, skipped = begin_below(lambda total: painter_model._loaded().make_scheduler(scheduler, total), steps, 8.0)
    left = made.timesteps[skipped:]
    assert len(left) == steps * made.order
    alpha = made.alphas_cumprod[int(left[0])]
    assert ((1 - alpha) / alpha).sqrt() <= 8.5
    seen: list[Progress] = []
    settings = asked(written(), scheduler=scheduler, num_inference_steps=steps)
    painter_model.generate(settings, 4410, RATE, on_progress=seen.append)
    assert max(one.total for one in seen if one.stage == "generate") == steps * made.order


def test_windows_of_a_sketched_piece_overlap_little(painter_model: RiffusionModel) -> None:
    n_samples = 60 * RATE
    _, sketched = painter_model.plan(n_samples, RATE, sketched=True)
    _, free = painter_model.plan(n_samples, RATE)
    assert sketched.n_windows <= 14 < free.n_windows


def test_what_rings_over_the_end_of_a_loop_is_drawn_at_its_start() -> None:
    held = ScoreNote(tick=480 * 7, layer="chords", program=48, key=60, ticks=480, velocity=100)
    score = Score((held,), 480 * 8)
    n_columns = 200  # Four seconds at 120 BPM; strings ring on after that.
    once = sketch_picture(score, Canvas(25, n_columns, False), 8)
    around = sketch_picture(score, Canvas(25, n_columns, True), 8)
    assert (once[:, :, :4] == 1.0).all()
    assert around[:, :, :4].min() < 0.9
    assert np.allclose(once[:, :, 185:], around[:, :, 185:], atol=0.02)


def test_instruments_that_are_painted_as_another_are_said(painter_model: RiffusionModel) -> None:
    note = ScoreNote(tick=0, layer="lead", program=122, key=60, ticks=480, velocity=100)
    take = painter_model.generate(asked(Score((note,), 960)), RATE, RATE)[0]
    assert any("program 123 is painted as" in sentence for sentence in take.notes)


def test_the_sketchs_sound_has_its_length_and_level() -> None:
    sound = sketch_sound(written(), 3.0)
    assert sound.sample_rate == RATE
    assert 3 * RATE <= sound.n_samples <= 3 * RATE + 441
    assert np.abs(sound.samples).max() == pytest.approx(0.89, abs=1e-3)
    assert not sketch_sound(Score((), 480), 1.0).samples.any()


def test_a_bar_that_comes_back_is_painted_alike() -> None:
    # At 150 BPM a bar is ten columns of latents.
    score = Score((ScoreNote(0, "lead", 0, 60, 480, 80),), 4 * 1920, tempi=(Tempo(0, 400_000),))
    columns = noise_columns(score, Canvas(40, 320, False), 8)
    assert columns.tolist() == 4 * [*range(10)]
    # At 120 BPM it is twelve and a half: a bar begins with the first column whose middle is in it.
    score = replace(score, tempi=(Tempo(0, 500_000),))
    columns = noise_columns(score, Canvas(50, 400, False), 8)
    assert columns[:12].tolist() == [*range(12)]
    assert columns[12:25].tolist() == [*range(13)]
    assert np.array_equal(columns[25:], columns[:25])


def test_a_loop_divides_its_columns_among_its_bars() -> None:
    score = Score((ScoreNote(0, "lead", 0, 60, 480, 80),), 2 * 1920, tempi=(Tempo(0, 390_000),))
    # Two bars of 9.75 columns are painted on a canvas of 20 columns, and stretched.
    columns = noise_columns(score, Canvas(20, 156, True), 8)
    assert columns.tolist() == 2 * [*range(10)]
