"""Every option of dub reaches the thing it names: each is changed, and the change is seen there."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import media
from app.cli.main import build_parser, main
from app.result.manifest import Manifest, read_manifest
from app.settings.options import Follow, ScoreMode
from app.settings.writing import Writing
from app.wall.job import Policy
from riffusion_inference.datatypes import GenerationSettings, Waveform
from riffusion_inference.notation.score import Score, ScoreNote
from riffusion_inference.score.midi import midi_from_score, score_from_midi
from tests.fixtures_dub import RATE, ChordModel, make_clip, spectrogram_picture


@dataclass
class Recorded:
    """What one run of dub did, as far as it can be seen from outside and at the doors of the layers below."""

    manifest: Manifest
    generation: GenerationSettings
    loaded: dict[str, Any]
    split: dict[str, Any]
    film: np.ndarray
    out: Path
    said: str
    mood: dict[str, Any] = field(default_factory=dict)

    @property
    def dub(self) -> Any:
        """The first dub of the manifest."""
        return self.manifest.dubs[0]


Runner = Callable[..., Recorded]


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with sound."""
    return make_clip(tmp_path_factory.mktemp("short") / "short.mp4", 2.0)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, short_clip: Path, tmp_path: Path, capsys: Any) -> Runner:
    """Run `dub` with options and record what they reached."""
    loaded: dict[str, Any] = {}
    split: dict[str, Any] = {}
    mood: dict[str, Any] = {}
    model = ChordModel()
    real_split = media.split

    def load_model(name: str, **options: Any) -> ChordModel:
        loaded.update(options, model=name)
        model.name = name
        return model

    def recorded_split(*args: Any, **options: Any) -> Any:
        split.update(options)
        return real_split(*args, **options)

    def suggest(video: Path, **options: Any) -> Any:
        from app.mood import MoodSuggestion

        mood.update(options)
        return MoodSuggestion("dark drones", 90.0, "dark", options["describer"])

    monkeypatch.setattr("riffusion_inference.engines.load.load_model", load_model)
    monkeypatch.setattr("app.media.split", recorded_split)
    monkeypatch.setattr("app.mood.suggest", suggest)

    def run(*options: object, **instead: object) -> Recorded:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        base = {"--parts": 2, "--part": 2, "--prompt": "piano", "--out": out, "--seed": 3, "--steps": 2} | {
            f"--{name}": value for name, value in instead.items()
        }
        argv = ["dub", str(short_clip), *(str(word) for pair in base.items() for word in pair)]
        code = main([*argv, *map(str, options)])
        said = capsys.readouterr()
        assert code == 0, said.err
        manifest = read_manifest(Path(str(base["--out"])))
        film = media.decode_audio(Path(str(base["--out"])) / str(manifest.film)).samples
        generation = model.calls[-1][0]
        return Recorded(manifest, generation, loaded, split, film, Path(str(base["--out"])), said.out, mood)

    return run


@pytest.mark.parametrize(
    ("option", "value", "name", "wanted"),
    [
        ("--prompt", "drums", "prompt", "drums"),
        ("--negative-prompt", "voices", "negative_prompt", "voices"),
        ("--steps", 7, "num_inference_steps", 7),
        ("--guidance", 3.5, "guidance_scale", 3.5),
        ("--seed", 99, "seed", 99),
        ("--candidates", 2, "candidates", 2),
        ("--scheduler", "ddim", "scheduler", "ddim"),
        ("--strength", 0.25, "strength", 0.25),
    ],
)
def test_music_options_reach_the_model_and_the_manifest(
    runner: Runner, option: str, value: object, name: str, wanted: object
) -> None:
    # An option that was given twice: the later one counts; a prompt is for its part.
    changed = runner(prompt=value) if option == "--prompt" else runner(option, value)
    assert getattr(changed.generation, name) == wanted
    assert getattr(changed.dub.music.generation, name) == wanted


def test_loop_reaches_the_model(runner: Runner) -> None:
    assert not runner().generation.loop
    assert runner("--loop").generation.loop


def test_a_start_reaches_the_model(runner: Runner, tmp_path: Path) -> None:
    from riffusion_inference.spectrogram.image import save_image

    save_image(spectrogram_picture(), tmp_path / "start.png")
    made = runner("--seed-image", tmp_path / "start.png")
    assert made.generation.seed_image.size == spectrogram_picture().size
    assert (made.out / made.dub.music.seed_image).is_file()
    media.write_wav(tmp_path / "start.wav", Waveform(np.full((1, 500), 0.5, np.float32), RATE))
    made = runner("--seed-audio", tmp_path / "start.wav")
    assert made.generation.seed_audio.samples.shape == (1, 500)


@pytest.mark.parametrize(
    ("option", "value", "name", "wanted"),
    [
        ("--key", "A minor", "key", "A minor"),
        ("--bpm", 84, "bpm", 84),
        ("--pace", "slow", "pace", "slow"),
        ("--meter", "3/4", "meter", "3/4"),
        ("--genre", "lo-fi", "genre", "lo-fi"),
        ("--mood", "calm", "mood", "calm"),
        ("--instruments", "piano, cello", "instruments", ["piano", "cello"]),
        ("--without", "choir,harp", "without", ["choir", "harp"]),
        ("--solo", None, "solo", True),
        ("--band", None, "solo", False),
        ("--drums", None, "drums", True),
        ("--no-drums", None, "drums", False),
        ("--density", "busy", "density", "busy"),
        ("--dynamics", "soft", "dynamics", "soft"),
        ("--articulation", "staccato", "articulation", "staccato"),
        ("--texture", "riff", "texture", "riff"),
        ("--energy", "high", "energy", "high"),
        ("--section", "intro", "section", "intro"),
    ],
)
def test_wishes_reach_the_manifest(runner: Runner, option: str, value: object, name: str, wanted: object) -> None:
    made = runner(option, *([] if value is None else [value]))
    assert made.dub.music.writing.attributes == {name: wanted}


def test_how_the_score_is_written_reaches_the_manifest(runner: Runner, tmp_path: Path) -> None:
    plain = runner().dub.music.writing
    assert plain == Writing()
    assert (plain.score, plain.follow, plain.through, plain.apart) == ("auto", "both", False, False)
    changed = runner("--score", "on", "--follow", "motion", "--through", "--apart").dub.music.writing
    assert changed == Writing(ScoreMode.ON, Follow.MOTION, through=True, apart=True)
    score = Score((ScoreNote(0, "lead", 0, 60, 480, 90),), 960)
    (tmp_path / "mine.mid").write_bytes(midi_from_score(score))
    made = runner("--midi", tmp_path / "mine.mid")
    assert score_from_midi((made.out / made.dub.music.seed_midi).read_bytes()).score == score


def test_model_options_reach_the_loader(runner: Runner) -> None:
    made = runner("--model", "some/checkpoint", "--device", "cuda:1", "--max-image-width", 512)
    assert made.loaded["model"] == made.dub.music.model == "some/checkpoint"
    assert made.loaded["max_image_width"] == 512
    assert made.loaded["device"] in ("cpu", "cuda", "cuda:1", "mps")
    assert runner("--device", "cpu").loaded["device"] == "cpu"


def test_a_device_that_is_not_there_is_told_once(runner: Runner, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    made = runner("--device", "cuda")
    assert made.loaded["device"] in ("cpu", "mps")
    assert len([note for note in made.manifest.notes if "No CUDA GPU was found" in note]) == 1


def test_each_model_has_its_own_defaults(runner: Runner, short_clip: Path, tmp_path: Path) -> None:
    from app.settings import load_settings

    for name in ("pocket", "riffusion"):
        out = tmp_path / name
        argv = [
            "dub",
            str(short_clip),
            "--parts",
            "2",
            "--part",
            "2",
            "--prompt",
            "x",
            "--model",
            name,
            "--out",
            str(out),
        ]
        assert main(argv) == 0
        made, wanted = read_manifest(out).dubs[0].music.generation, load_settings().model_defaults(name)
        assert (made.guidance_scale, made.num_inference_steps) == (wanted.guidance_scale, wanted.num_inference_steps)


def test_fades_and_ducks_reach_the_mix(runner: Runner) -> None:
    made = runner("--fade-in", 0.2, "--fade-out", 0.3, "--mix", "duck", "--duck-depth", 9)
    assert (made.dub.mix.fade_in, made.dub.mix.fade_out, made.dub.mix.duck_depth_db) == (0.2, 0.3, 9)
    ducked = runner("--mix", "duck", "--duck-attack", 0.5, "--duck-release", 2)
    assert (ducked.dub.mix.duck_attack, ducked.dub.mix.duck_release) == (0.5, 2)
    assert not np.array_equal(made.film, ducked.film)


def test_parts_and_part_choose_the_range(runner: Runner) -> None:
    made = runner(parts=4, part=3)
    assert len(made.manifest.parts) == 4
    assert made.dub.part == 3
    more = runner("--part", 1)
    assert [one.part for one in more.manifest.dubs] == [1, 2]


@pytest.mark.parametrize("mode", ["keyframe", "exact", "reencode"])
def test_split_chooses_the_mode(runner: Runner, mode: str) -> None:
    assert runner("--split", mode, parts=1, part=1).manifest.split_used == mode


def test_threads_reach_the_encoder(runner: Runner) -> None:
    assert runner("--split", "reencode", "--threads", 3).split["threads"] == 3


def test_mix_and_music_gain_are_heard(runner: Runner) -> None:
    replaced, under = runner(), runner("--mix", "under")
    soft, ducked = runner("--mix", "under", "--music-gain", -30), runner("--mix", "duck")
    assert [made.dub.mix.mode for made in (replaced, under, ducked)] == ["replace", "under", "duck"]
    assert soft.dub.mix.music_gain_db == -30
    source = media.decode_audio(Path(str(replaced.manifest.source.path))).samples
    apart = [float(np.abs(made.film - source)[:, RATE:].mean()) for made in (replaced, under, soft)]
    assert apart[0] > 2 * apart[1] > 4 * apart[2]
    assert not np.array_equal(under.film, ducked.film)


def test_loudness_is_reached(runner: Runner) -> None:
    assert runner("--loudness", -20).dub.loudness_lufs == pytest.approx(-20, abs=0.2)
    assert runner("--loudness", -30).dub.loudness_lufs == pytest.approx(-30, abs=0.2)
    matched = runner("--loudness", "match").dub
    assert matched.loudness_from == "the part's original sound"


def test_take_chooses_the_candidate(runner: Runner) -> None:
    one, other = runner("--candidates", 2), runner("--candidates", 2, "--take", 2)
    assert (one.dub.take, other.dub.take) == (1, 2)
    assert not np.array_equal(one.film, other.film)


def test_describer_reads_the_picture_of_the_part(runner: Runner) -> None:
    made = runner("--describer", "palette", prompt="auto", parts=4, part=3)
    assert made.generation.prompt == "dark drones"
    assert made.mood["describer"] == "palette"
    assert made.mood["part"].index == 3


def test_out_force_json_and_from(runner: Runner, tmp_path: Path) -> None:
    first = runner(out=tmp_path / "here")
    again = runner("--force", "--json", out=tmp_path / "here", seed=4)
    assert json.loads(again.said)["music"][0]["seed"] == 4
    assert not np.array_equal(first.film, again.film)
    code = main(["dub", "--from", str(tmp_path / "here"), "--seed", "3", "--out", str(tmp_path / "there")])
    assert code == 0
    assert np.array_equal(media.decode_audio(tmp_path / "there" / "film.mp4").samples, first.film)


def test_without_a_sandbox_nothing_is_started_and_the_film_is_the_same(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr("app.wall.job._POLICY", Policy())  # Put back at the end.
    inside = runner()
    monkeypatch.setattr("app.wall.starter.Starter.start", refuse)
    monkeypatch.setattr("app.wall.starter.Starter.worker", refuse)
    assert np.array_equal(runner("--no-sandbox").film, inside.film)


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_verbose_lowers_the_level_of_the_log(runner: Runner, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    # As in a new process: nothing is set up yet.
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    runner(option)
    assert logging.root.level == logging.INFO


def test_no_option_of_dub_is_forgotten_here() -> None:
    commands = next(action for action in build_parser()._actions if action.choices and "dub" in action.choices)
    known = {option for action in commands.choices["dub"]._actions for option in action.option_strings}
    text = "".join(path.read_text() for path in (Path(__file__), Path(__file__).with_name("test_ranges.py")))
    quoted = {option for option in known if f'"{option}"' in text}
    assert known - quoted <= {"-h", "--help"}


def test_no_check_leaves_out_the_proof_at_the_end(runner: Runner) -> None:
    assert "check" in runner().manifest.seconds_per_stage
    assert "check" not in runner("--no-check").manifest.seconds_per_stage
