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
from app.mood.look import look_at
from app.mood.palette import read_palette
from app.plan import plan_parts
from app.settings import load_settings
from riffusion_inference.datatypes import Progress
from tests.fixtures_films import write_clip

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


def test_the_tempo_is_the_styles_whatever_the_parts_length() -> None:
    found = [suggest(WORLD, part=plan_parts(probe(WORLD), n_parts)[-1], settings=SETTINGS) for n_parts in (1, 3, 7)]
    for one in found:
        assert f"{one.bpm:.0f} BPM" in one.prompt
        assert "very slow" in one.prompt
    assert len({one.bpm for one in found}) == 1


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 4.0, 7.0])
def test_a_photograph_gets_no_fast_beat_because_bars_would_fit(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "still.mp4"
    tower = Image.open(gradio.media.get_image("tower.jpg")).convert("L").convert("RGB").resize((160, 96))
    write_clip(path, [tower] * round(24 * seconds))
    found = suggest(path, settings=SETTINGS)
    assert "no movement" in found.saw
    assert found.bpm is not None
    assert found.bpm <= 92


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
            reading = read_palette(look_at([Image.open(gradio.media.get_image(name))]), None)
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


def test_words_are_cut_after_a_phrase() -> None:
    assert trim_words("one two, three four five", 4) == "one two"
    assert trim_words("one two three four five", 4) == "one two three four"
    assert trim_words("one two.", 4) == "one two"
