"""suggest(): a part of a real video to a prompt, by the palette; the other describers have tests of their own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import gradio.media
import pytest
from PIL import Image

from app.errors import MoodError
from app.media import probe
from app.mood import suggest
from app.mood.answers import trim_words
from app.mood.describe import with_tempo
from app.mood.look import look_at
from app.mood.palette import read_palette
from app.mood.tempo import fit_tempo
from app.plan import plan_parts
from app.settings import load_settings
from riffusion_inference.datatypes import Progress

SETTINGS = load_settings(env_file=None, environ={}, device="cpu")
WORLD = Path(gradio.media.get_video("world.mp4"))


def test_the_turning_earth_is_dark_cold_and_slow() -> None:
    part = plan_parts(probe(WORLD), 4)[1]
    found = suggest(WORLD, part=part, settings=SETTINGS)
    assert found.describer == "palette"
    for word in ("dark", "icy", "blue", "slow movement", "no cuts"):
        assert word in found.saw
    for word in ("dark", "ambient", "minor"):
        assert word in found.prompt
    assert found == suggest(WORLD, part=part, settings=SETTINGS)


def test_the_tempo_makes_the_part_whole_bars() -> None:
    for n_parts in (1, 3, 7):
        part = plan_parts(probe(WORLD), n_parts)[-1]
        found = suggest(WORLD, part=part, settings=SETTINGS)
        assert found.bpm is not None
        assert found.bars is not None
        assert found.bars * 240 / found.bpm == pytest.approx(float(part.duration), rel=1e-12)
        assert f"{round(found.bpm)} BPM" in found.prompt


def test_ten_scenes_get_ten_prompts_as_documented() -> None:
    table = (
        (Path(__file__).parents[3] / "docs" / "mood.md")
        .read_text()
        .split("### Ten real scenes")[1]
        .split("## Tempo")[0]
    )
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| `")]
    assert len(rows) == len({prompt for _, _, prompt in rows}) == 10
    for scene, saw, prompt in rows:
        name = scene.split("`")[1]
        if name.endswith(".mp4"):
            path = Path(gradio.media.get_video(name))
            part = plan_parts(probe(path), 4)[1] if "part 2 of 4" in scene else None
            found = suggest(path, part=part, settings=SETTINGS)
            assert (found.saw, found.prompt) == (saw, prompt)
        else:
            reading = read_palette(look_at([Image.open(gradio.media.get_image(name))]), None, Fraction(15, 2))
            assert (reading.saw, reading.prompt) == (saw, prompt)


def test_auto_is_palette_without_a_gpu() -> None:
    assert suggest(WORLD, describer="auto", settings=SETTINGS).describer == "palette"


def test_one_frame_or_other_pictures_can_be_chosen() -> None:
    lion = Image.open(gradio.media.get_image("lion.jpg"))
    whole = suggest(WORLD, settings=SETTINGS)
    chosen = suggest(WORLD, settings=SETTINGS, images=[lion])
    assert "glowing" in chosen.saw
    assert "slow movement" in chosen.saw
    assert chosen.prompt != whole.prompt
    assert suggest(WORLD, settings=SETTINGS, at=Fraction(3)).prompt


def test_progress_is_told() -> None:
    seen: list[Progress] = []
    suggest(WORLD, settings=SETTINGS, on_progress=seen.append)
    assert [(p.done, p.total) for p in seen] == [(0, 1), (1, 1)]


def test_wrong_choices_are_sentences() -> None:
    with pytest.raises(MoodError, match="choose one of auto, palette, vlm, replicate"):
        suggest(WORLD, describer="oracle", settings=SETTINGS)
    with pytest.raises(MoodError, match="choose at least one"):
        suggest(WORLD, images=[], settings=SETTINGS)


def test_an_image_models_words_get_the_tempo_that_fits() -> None:
    tempo = fit_tempo(Fraction(12), 96)
    assert with_tempo("Warm calm piano at 73 bpm, soft strings", tempo) == (
        "Warm calm piano, soft strings; medium tempo steady rhythm at 100 BPM"
    )
    long = with_tempo(" ".join(f"word{k}" for k in range(60)), tempo)
    assert len(long.split()) < 30
    assert long.endswith("100 BPM")
    short = fit_tempo(Fraction(1), 96)
    assert with_tempo("calm piano, 90 beats per minute", short) == "calm piano"


def test_words_are_cut_after_a_phrase() -> None:
    assert trim_words("one two, three four five", 4) == "one two"
    assert trim_words("one two three four five", 4) == "one two three four"
    assert trim_words("one two.", 4) == "one two"
