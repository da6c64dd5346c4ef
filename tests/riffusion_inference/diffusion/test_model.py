"""Music from a tiny checkpoint: exact lengths, the same samples again, every setting reaches the model."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from riffusion_inference.datatypes import SCHEDULERS, GenerationSettings, Progress, Spectrogram, Waveform
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.diffusion.parts import Parts, load_parts
from riffusion_inference.errors import CheckpointError, EngineError, GenerationCancelled, SettingError
from riffusion_inference.spectrogram.image import image_from_mel, mel_from_image
from riffusion_inference.spectrogram.inversion import waveform_from_mel
from riffusion_inference.spectrogram.mel import mel_from_waveform
from tests.fixtures_models import TINY_PARAMS, write_tiny_checkpoint

NATIVE = 31 * 80


def plain(**changes: object) -> GenerationSettings:
    options = {"prompt": "calm piano", "seed": 7, "num_inference_steps": 2, **changes}
    return GenerationSettings(**options)  # type: ignore[arg-type]


def make(model: RiffusionModel, n_samples: int = 5000, sample_rate: int = 8000, **changes: object) -> np.ndarray:
    return model.generate(plain(**changes), n_samples, sample_rate)[0].waveform.samples


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(
    ("n_samples", "sample_rate"),
    [(1600, 8000), (NATIVE, 8000), (NATIVE + 1, 8000), (9601, 48000), (44101, 44100), (30001, 8000), (20011, 20011)],
)
def test_exact_samples_at_any_rate(tiny_model: RiffusionModel, n_samples: int, sample_rate: int, loop: bool) -> None:
    take = tiny_model.generate(plain(num_inference_steps=1, loop=loop), n_samples, sample_rate)[0]
    assert take.waveform.samples.shape == (1, n_samples)
    assert take.waveform.samples.dtype == np.float32
    assert take.waveform.sample_rate == sample_rate
    assert np.isfinite(take.waveform.samples).all()
    assert take.waveform.samples.std() > 0.001
    assert np.abs(take.waveform.samples).max() <= 1.0


@pytest.mark.parametrize("n_samples", [1599, 8000 * 600 + 1, 0])
def test_lengths_out_of_range_are_refused(tiny_model: RiffusionModel, n_samples: int) -> None:
    with pytest.raises(SettingError, match=r"0\.2 to 600 s"):
        tiny_model.generate(plain(), n_samples, 8000)


def test_what_the_model_says_of_itself(tiny_model: RiffusionModel) -> None:
    assert (tiny_model.name, tiny_model.licence, tiny_model.sample_rate) == ("tiny", "mit", 8000)
    assert tiny_model.native_seconds == pytest.approx(0.31)
    assert tiny_model.params == TINY_PARAMS


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_same_seed_gives_the_same_samples(tiny_model: RiffusionModel, scheduler: str) -> None:
    first, second = (make(tiny_model, scheduler=scheduler, num_inference_steps=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(make(tiny_model, scheduler=scheduler, num_inference_steps=3, seed=8) - first).max() > 1e-3


@pytest.mark.parametrize("n_steps", [1, 2, 5])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_schedulers_differ_and_take_any_number_of_steps(
    tiny_model: RiffusionModel, scheduler: str, n_steps: int
) -> None:
    seen: list[Progress] = []
    settings = plain(scheduler=scheduler, num_inference_steps=n_steps)
    tiny_model.generate(settings, 2480, 8000, on_progress=seen.append)
    steps = [progress for progress in seen if progress.stage == "generate"]
    expected = 2 * n_steps - 1 if scheduler == "heun" else n_steps
    assert steps[0] == Progress("generate", 0, expected)
    assert {progress.done for progress in steps} == set(range(expected + 1))


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "loud drums"},
        {"negative_prompt": "drums"},
        {"guidance_scale": 3.0},
        {"num_inference_steps": 3},
        {"scheduler": "ddim"},
        {"seed": 8},
        {"loop": True},
    ],
)
def test_every_setting_reaches_the_model(tiny_model: RiffusionModel, change: dict[str, object]) -> None:
    base = make(tiny_model, scheduler="euler")
    assert np.abs(make(tiny_model, **{"scheduler": "euler", **change}) - base).max() > 1e-4


def test_guidance_one_skips_the_negative_prompt_and_zero_the_prompt(tiny_model: RiffusionModel) -> None:
    one = make(tiny_model, guidance_scale=1.0)
    np.testing.assert_array_equal(one, make(tiny_model, guidance_scale=1.0, negative_prompt="drums"))
    zero = make(tiny_model, guidance_scale=0.0)
    np.testing.assert_array_equal(zero, make(tiny_model, guidance_scale=0.0, prompt="loud drums"))
    assert np.abs(one - zero).max() > 1e-4


def test_candidates_are_what_their_seeds_alone_give(tiny_model: RiffusionModel) -> None:
    seen: list[Progress] = []
    takes = tiny_model.generate(plain(candidates=3, seed=2**32 - 2), 4000, 8000, on_progress=seen.append)
    assert [take.seed for take in takes] == [2**32 - 2, 2**32 - 1, 0]
    for take in takes:
        np.testing.assert_array_equal(take.waveform.samples, make(tiny_model, 4000, seed=take.seed))
    assert np.abs(takes[0].waveform.samples - takes[1].waveform.samples).max() > 1e-3
    for stage in ("generate", "decode", "invert"):
        done = [progress for progress in seen if progress.stage == stage]
        assert [p.done for p in done] == sorted(p.done for p in done)
        assert done[-1].done == done[-1].total


def test_no_seed_draws_one_that_makes_it_again(tiny_model: RiffusionModel) -> None:
    first, second = (tiny_model.generate(plain(seed=None), 2480, 8000)[0] for _ in range(2))
    assert first.seed != second.seed
    np.testing.assert_array_equal(make(tiny_model, 2480, seed=first.seed), first.waveform.samples)


def test_the_image_is_the_sound(tiny_model: RiffusionModel) -> None:
    take = tiny_model.generate(plain(), 5000, 8000)[0]
    assert isinstance(take.image, Image.Image)
    spectrogram = mel_from_image(take.image)
    assert spectrogram.params == TINY_PARAMS == take.params
    again = waveform_from_mel(spectrogram).samples[:, :5000]
    np.testing.assert_allclose(again, take.waveform.samples, atol=1e-4)


def test_a_longer_piece_begins_with_the_same_noise(tiny_model: RiffusionModel) -> None:
    pictures = [tiny_model.generate(plain(), n, 8000)[0].image for n in (2480, 20000)]
    short, long = (np.asarray(picture, dtype=float)[:, :, 0] for picture in pictures)
    alike = np.corrcoef(short[:, :12].ravel(), long[:, :12].ravel())[0, 1]
    other = np.corrcoef(short[:, :12].ravel(), long[:, 100:112].ravel())[0, 1]
    assert alike > 0.8 > other + 0.2


def test_prompts_of_any_length(tiny_model: RiffusionModel) -> None:
    long = "calm piano " * 60  # 120 tokens
    take = tiny_model.generate(plain(prompt=long), 2480, 8000)[0]
    assert take.notes == ()
    other_end = long[:-6] + "drums"
    assert np.abs(make(tiny_model, 2480, prompt=other_end) - take.waveform.samples).max() > 1e-4
    too_long = tiny_model.generate(plain(prompt="calm piano " * 200, negative_prompt="x " * 400), 2480, 8000)[0]
    assert len(too_long.notes) == 2
    assert "400 tokens, but at most 300 are read" in too_long.notes[0]
    assert "dropped" in too_long.notes[0]
    assert too_long.notes[1].startswith("The negative prompt")


def seed_sound(n_samples: int = 6000, sample_rate: int = 8000) -> Waveform:
    time_ = np.arange(n_samples) / sample_rate
    return Waveform((0.3 * np.sin(2 * np.pi * 700 * time_))[None].astype(np.float32), sample_rate)


def test_strength_goes_from_the_seed_to_none_of_it(tiny_model: RiffusionModel) -> None:
    pictures = {}
    for strength in (0.0, 0.5, 1.0):
        settings = plain(seed_audio=seed_sound(), strength=strength, num_inference_steps=4)
        pictures[strength] = np.asarray(tiny_model.generate(settings, 6000, 8000)[0].image, dtype=float)
    plainly = np.asarray(tiny_model.generate(plain(num_inference_steps=4), 6000, 8000)[0].image, dtype=float)
    np.testing.assert_array_equal(pictures[1.0], plainly)
    assert np.abs(pictures[0.5] - pictures[0.0]).mean() > 1
    assert np.abs(pictures[0.5] - pictures[1.0]).mean() > 1


def test_a_seed_image_is_the_seed_audio_it_shows(tiny_model: RiffusionModel) -> None:
    image = image_from_mel(mel_from_waveform(seed_sound(), TINY_PARAMS))
    by_image = make(tiny_model, 6000, seed_image=image, strength=0.5)
    np.testing.assert_array_equal(by_image, make(tiny_model, 6000, seed_audio=seed_sound(), strength=0.5))


def test_seeds_are_fitted_and_say_so(tiny_model: RiffusionModel) -> None:
    def notes(seed: dict[str, object], n_samples: int = 6000) -> tuple[str, ...]:
        return tiny_model.generate(plain(num_inference_steps=1, **seed), n_samples, 8000)[0].notes

    assert notes({"seed_audio": seed_sound(6000)}) == ()
    assert notes({"seed_audio": seed_sound(20000)})[0].startswith("Only the first 0.76 s of the seed's 2.51 s")
    assert "repeated to fill" in notes({"seed_audio": seed_sound(2000)})[0]
    assert "repeated to fill" in notes({"seed_audio": seed_sound(22050, 44100), "loop": True})[0]
    foreign = image_from_mel(Spectrogram(np.ones((1, 64, 90), dtype=np.float32), TINY_PARAMS.__class__(n_mels=64)))
    assert "other parameters" in notes({"seed_image": foreign})[0]


def test_strength_zero_keeps_the_seeds_level(tiny_model: RiffusionModel) -> None:
    loud, quiet = (
        make(tiny_model, seed_audio=Waveform(gain * seed_sound().samples, 8000), strength=0.0) for gain in (1.0, 0.1)
    )
    assert quiet.std() == pytest.approx(0.1 * loud.std(), rel=0.02)


def test_a_loop_runs_on_across_its_end(tiny_model: RiffusionModel) -> None:
    sound = make(tiny_model, 12000, loop=True)
    twice = np.concatenate([sound, sound], axis=1)
    drawn = mel_from_waveform(Waveform(twice, 8000), TINY_PARAMS).mel_amplitudes[0]
    flux = np.linalg.norm(np.diff(drawn, axis=1), axis=0)
    seam = flux[148:152].max()  # frame 150 is where the second time begins
    assert seam <= np.quantile(flux[20:-20], 0.99)
    jumps = np.abs(np.diff(twice[0]))
    assert jumps[11999] <= np.quantile(jumps, 0.999)


class Forgetful:
    """The real UNet, which runs out of memory whenever more than `room` images go through it at once."""

    def __init__(self, unet: object, room: int) -> None:
        self.unet, self.room, self.passes = unet, room, []

    def __call__(self, sample: torch.Tensor, *arguments: object, **options: object) -> object:
        self.passes.append(len(sample))
        if len(sample) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.unet(sample, *arguments, **options)  # type: ignore[operator]

    def __getattr__(self, name: str) -> object:
        return getattr(self.unet, name)


@pytest.fixture(scope="module")
def tiny_parts(tiny_checkpoint: Path) -> Parts:
    """The tiny checkpoint's networks; models are made of them, with one or the other put in another's place."""
    return load_parts(tiny_checkpoint, "tiny", "cpu", torch.float32)


@pytest.mark.parametrize(("room", "passes"), [(64, 8), (7, 4), (2, 2), (1, 1)])
def test_running_out_of_memory_halves_the_pass_and_goes_on(
    tiny_checkpoint: Path, tiny_parts: Parts, room: int, passes: int
) -> None:
    unet = Forgetful(tiny_parts.unet, room)
    model = RiffusionModel(tiny_checkpoint, "tiny", replace(tiny_parts, unet=unet), 128)  # 4 windows in a pass
    sound = model.generate(plain(), 9000, 8000)[0].waveform.samples
    wanted = make(RiffusionModel(tiny_checkpoint, "tiny", tiny_parts, 128), 9000)
    np.testing.assert_allclose(sound, wanted, atol=0.05)
    assert max(size for size in unet.passes if size <= room) == passes
    too_large = [index for index, size in enumerate(unet.passes) if size > room]
    assert all(index < 4 for index in too_large), "the smaller size is remembered"


def test_no_memory_at_all_is_a_sentence(tiny_checkpoint: Path, tiny_parts: Parts) -> None:
    parts = replace(tiny_parts, unet=Forgetful(tiny_parts.unet, 0))
    with pytest.raises(EngineError, match=r"single window.*MAX_IMAGE_WIDTH"):
        RiffusionModel(tiny_checkpoint, "tiny", parts, 128).generate(plain(), 9000, 8000)


def test_max_image_width_bounds_a_pass_and_narrows_windows(tiny_checkpoint: Path, tiny_parts: Parts) -> None:
    for width, windows, latents in ((64, 2, 8), (32, 1, 8), (128, 4, 8)):
        unet = Forgetful(tiny_parts.unet, 1000)
        model = RiffusionModel(tiny_checkpoint, "tiny", replace(tiny_parts, unet=unet), width)
        model.generate(plain(guidance_scale=1.0), 9000, 8000)
        assert max(unet.passes) == windows
        assert model.plan(9000, 8000)[1].width == latents
    with pytest.raises(SettingError, match="use 32 or 36"):
        RiffusionModel.load(tiny_checkpoint, max_image_width=34)


@pytest.mark.parametrize("stop_after", [0, 1, 3, 20, 60])
def test_cancelling_raises_and_leaves_the_model_usable(tiny_model: RiffusionModel, stop_after: int) -> None:
    count = 0

    def should_cancel() -> bool:
        nonlocal count
        count += 1
        return count > stop_after

    with pytest.raises(GenerationCancelled):
        tiny_model.generate(plain(), 9000, 8000, should_cancel=should_cancel)
    assert count == stop_after + 1, "it stops at the first yes"
    np.testing.assert_array_equal(make(tiny_model, 2480), make(tiny_model, 2480))


def test_every_stage_asks_whether_to_cancel(tiny_model: RiffusionModel) -> None:
    stage, stages = "start", {}

    def on_progress(progress: Progress) -> None:
        nonlocal stage
        stage = f"{progress.stage} {progress.done}/{progress.total}"

    def should_cancel() -> bool:
        stages[stage] = stages.get(stage, 0) + 1
        return False

    tiny_model.generate(plain(), 5000, 8000, on_progress=on_progress, should_cancel=should_cancel)
    asked = {name.split()[0] for name in stages}
    assert {"generate", "decode"} <= asked
    assert stages["generate 1/2"] > 3, "inside a pass too"


class FullAutoencoder:
    """The real autoencoder, except that there is never enough memory for it to decode."""

    def __init__(self, vae: object) -> None:
        self.vae = vae

    def decode(self, *_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    def __getattr__(self, name: str) -> object:
        return getattr(self.vae, name)


def test_memory_errors_elsewhere_are_a_sentence(tiny_checkpoint: Path, tiny_parts: Parts) -> None:
    parts = replace(tiny_parts, vae=FullAutoencoder(tiny_parts.vae))
    with pytest.raises(EngineError, match="ran out of memory on cpu"):
        make(RiffusionModel(tiny_checkpoint, "tiny", parts, 1024))


class CountedTextEncoder:
    """The real text encoder, which counts the prompts that it is given."""

    def __init__(self, text_encoder: object) -> None:
        self.text_encoder, self.count = text_encoder, 0

    def __call__(self, *arguments: object) -> object:
        self.count += 1
        return self.text_encoder(*arguments)  # type: ignore[operator]

    def __getattr__(self, name: str) -> object:
        return getattr(self.text_encoder, name)


def test_what_takes_share_is_made_once(tiny_checkpoint: Path, tiny_parts: Parts) -> None:
    encoder = CountedTextEncoder(tiny_parts.text_encoder)
    model = RiffusionModel(tiny_checkpoint, "tiny", replace(tiny_parts, text_encoder=encoder), 1024)
    assert len(model.generate(plain(candidates=3), 9000, 8000)) == 3
    assert encoder.count == 2, "the prompt and the negative prompt"


def test_an_unloaded_model_says_so(tiny_checkpoint: Path) -> None:
    model = RiffusionModel.load(tiny_checkpoint)
    model.unload()
    model.unload()
    with pytest.raises(EngineError, match="was unloaded"):
        model.generate(plain(), 5000, 8000)


def test_v_prediction_is_kept_by_every_scheduler(tmp_path: Path, tiny_parts: Parts) -> None:
    folder = write_tiny_checkpoint(tmp_path / "v", prediction_type="v_prediction")
    parts = load_parts(folder, "v", "cpu", torch.float32)
    for name in SCHEDULERS:
        assert parts.make_scheduler(name, 3).config.prediction_type == "v_prediction"
        assert tiny_parts.make_scheduler(name, 3).config.prediction_type == "epsilon"
    assert parts.make_scheduler("dpm++", 3).config.use_karras_sigmas


def test_zero_terminal_snr_is_not_spaced_by_karras(tmp_path: Path) -> None:
    folder = write_tiny_checkpoint(tmp_path / "zero", prediction_type="v_prediction", rescale_betas_zero_snr=True)
    parts = load_parts(folder, "zero", "cpu", torch.float32)
    assert not parts.make_scheduler("dpm++", 3).config.use_karras_sigmas
    assert np.isfinite(make(RiffusionModel(folder, "zero", parts, 1024))).all()


def test_stereo_checkpoints_make_stereo(tmp_path: Path) -> None:
    params = TINY_PARAMS.__class__(**{**TINY_PARAMS.to_dict(), "stereo": True})
    model = RiffusionModel.load(write_tiny_checkpoint(tmp_path / "stereo", params))
    take = model.generate(plain(seed_audio=seed_sound(), strength=0.5), 5000, 8000)[0]
    assert take.waveform.samples.shape == (2, 5000)
    assert np.abs(np.diff(take.waveform.samples, axis=0)).max() > 1e-3
    assert not np.asarray(take.image)[..., 0].any()


def test_a_checkpoint_for_other_images_is_refused(tmp_path: Path) -> None:
    params = TINY_PARAMS.__class__(**{**TINY_PARAMS.to_dict(), "n_mels": 64})
    with pytest.raises(CheckpointError, match=r"32 px high.*64 mel bands"):
        RiffusionModel.load(write_tiny_checkpoint(tmp_path / "other", params))


def test_long_pieces_do_not_take_long(tiny_model: RiffusionModel) -> None:
    start = time.process_time()
    assert make(tiny_model, 8000 * 12, num_inference_steps=1).shape == (1, 96000)
    assert time.process_time() - start < 20


def test_loading_and_making_print_nothing(tiny_checkpoint: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make(RiffusionModel.load(tiny_checkpoint), prompt="calm " * 100)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_nobody_is_asked_whether_to_cancel_after_the_run(tiny_model: RiffusionModel) -> None:
    asked = []

    def should_cancel() -> bool:
        asked.append(True)
        return False

    tiny_model.generate(plain(), 2480, 8000, should_cancel=should_cancel)
    count = len(asked)
    assert count > 0
    tiny_model.generate(plain(), 2480, 8000)
    assert len(asked) == count
