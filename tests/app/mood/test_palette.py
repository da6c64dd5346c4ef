"""The palette describer on real pictures: sensible words, different for different scenes, the same every time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import gradio.media
import numpy as np
import pytest
from PIL import Image

from app.mood.look import Movement, flatten, is_black, look_at, movement_of, sharpness
from app.mood.palette import LEVELS, MELODY, STYLES, TOP, levels_of, read_palette, table_markdown

ROOT = Path(__file__).parents[3]
SCENES = ("bus.png", "cheetah.jpg", "cheetah1.jpg", "groot.jpeg", "hf-logo_transpng.png", "lion.jpg", "tower.jpg")


def picture(name: str) -> Image.Image:
    return Image.open(gradio.media.get_image(name))


def flat(*colour: int) -> Image.Image:
    return Image.new("RGB", (64, 36), colour)  # type: ignore[arg-type]


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (36, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("name", "saw", "prompt"),
    [
        ("tower.jpg", ("cold", "colourful blue", "busy"), ("synthwave", "synth lead", "arpeggios")),
        ("lion.jpg", ("glowing", "muted orange", "busy"), ("funk", "brass")),
        ("hf-logo_transpng.png", ("very bright", "glowing", "yellow"), ("uplifting", "pop", "major key", "flute")),
        ("groot.jpeg", ("neutral in tone", "cyan"), ("folk", "piano melody")),
        ("bus.png", ("colourful red", "high contrast"), ("happy", "major key")),
        ("cheetah.jpg", ("glowing", "orange", "low contrast"), ("uplifting", "soft flute")),
    ],
)
def test_real_pictures_get_words_that_fit(name: str, saw: tuple[str, ...], prompt: tuple[str, ...]) -> None:
    reading = read_palette(look_at([picture(name)]), None)
    for word in saw:
        assert word in reading.saw
    for word in prompt:
        assert word in reading.prompt


def test_different_scenes_differ_and_the_same_scene_does_not() -> None:
    readings = [read_palette(look_at([picture(name)]), None) for name in SCENES]
    again = [read_palette(look_at([picture(name)]), None) for name in SCENES]
    assert readings == again
    assert len({reading.saw for reading in readings}) == len(SCENES)
    assert len({reading.prompt for reading in readings}) == len(SCENES)


def test_every_cell_of_the_table_makes_a_short_prompt_with_its_tempo() -> None:
    for light, warmth, saturation in ((0.05, -0.4, 0.3), (0.3, 0.0, 0.2), (0.5, 0.1, 0.2), (0.9, 0.4, 0.7)):
        for motion, cuts in ((0.0, 0.0), (0.2, 0.0), (1.0, 12.0), (3.0, 60.0)):
            look = look_at([flat(9, 9, 9)])
            look = type(look)(light, warmth, saturation, 0.2, 0.2, "blue")
            reading = read_palette(look, Movement(motion, (), cuts))
            assert f"{reading.bpm} BPM" in reading.prompt
            assert len(reading.prompt.split()) < 30


def test_every_feature_has_a_level_for_every_value() -> None:
    for feature in {level.feature for level in LEVELS}:
        rows = [level.below for level in LEVELS if level.feature == feature]
        assert rows == sorted(rows)
        assert rows[-1] == TOP
    assert {level.says for level in LEVELS if level.feature == "warmth"} == set(MELODY)
    assert len(set(STYLES.values())) == 16


def test_movement_and_cuts_change_the_energy() -> None:
    look = look_at([picture("lion.jpg")])
    still = read_palette(look, Movement(0.0, (), 0.0))
    fast = read_palette(look, Movement(3.0, (), 40.0))
    assert still.energy < fast.energy
    assert "no movement" in still.saw
    assert "fast movement, quick cuts" in fast.saw
    assert still.bpm < fast.bpm


def test_movement_is_read_from_pairs_and_cuts_from_samples() -> None:
    red, blue = flat(220, 30, 30), flat(30, 30, 220)
    times = [Fraction(k, 4) for k in range(8)]
    pairs = [(noise(k), noise(k + 1), Fraction(1, 10)) for k in range(4)]
    movement = movement_of(pairs, [red] * 3 + [blue] * 5, times, Fraction(2))
    assert movement.cuts == (Fraction(5, 8),)
    assert movement.cuts_per_minute == 30
    assert movement.motion > 1.5
    still = movement_of([(red, red, Fraction(1, 10))], [red] * 8, times, Fraction(2))
    assert (still.motion, still.cuts) == (0.0, ())


def test_a_slow_pan_is_no_cut() -> None:
    wide = np.asarray(picture("lion.jpg").convert("RGB").resize((256, 72)))
    samples = [Image.fromarray(wide[:, k * 8 : k * 8 + 128]) for k in range(12)]
    times = [Fraction(k, 4) for k in range(12)]
    assert movement_of([], samples, times, Fraction(3)).cuts == ()


def test_looks_are_what_they_are_called() -> None:
    assert look_at([flat(0, 0, 0)]).light == 0
    assert look_at([flat(0, 0, 0)]).hue == "grey"
    assert look_at([flat(255, 255, 255)]).light == pytest.approx(1, abs=1e-5)
    assert look_at([flat(200, 100, 20)]).warmth > 0.5
    assert look_at([flat(20, 60, 200)]).warmth < -0.5
    for colour, name in (((200, 20, 20), "red"), ((20, 200, 20), "green"), ((20, 20, 200), "blue")):
        assert look_at([flat(*colour)]).hue == name
    assert look_at([noise(1)]).texture > 0.8 > 0.05 > look_at([flat(5, 5, 5)]).texture


def test_sharpness_and_black() -> None:
    sharp = picture("lion.jpg").convert("RGB").resize((320, 200))
    smeared = sharp.resize((20, 200)).resize((320, 200))
    assert sharpness(sharp) > 2 * sharpness(smeared)
    assert is_black(flat(3, 3, 3))
    assert not is_black(sharp)


def test_transparency_shows_white() -> None:
    assert flatten(Image.new("RGBA", (4, 4), (0, 0, 0, 0))).getpixel((1, 1)) == (255, 255, 255)
    assert look_at([Image.new("RGBA", (4, 4), (0, 0, 0, 0))]).light == pytest.approx(1, abs=1e-5)


def test_levels_without_movement_say_nothing_of_it() -> None:
    assert "motion" not in levels_of(look_at([flat(9, 9, 9)]), None)


def test_the_documented_table_is_the_one_in_the_code() -> None:
    assert table_markdown() in (ROOT / "docs" / "mood.md").read_text()
