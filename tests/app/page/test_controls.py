"""No dead control: every widget is changed in the browser, and the core receives every change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import app.page.run
from app import media
from app.dub import Order, PartOrder
from app.errors import PlanError
from app.models import ModelShelf
from app.page import strings
from app.page.order import CONTROLS
from app.page.panels import labels
from app.settings import OPTIONS, SoundMode
from app.settings.options import ATTRIBUTES
from app.settings.writing import Writing
from app.soundtrack.mix import MixSettings
from riffusion_inference.datatypes import GenerationSettings, Waveform
from riffusion_inference.notation.score import Score, ScoreNote
from riffusion_inference.score.midi import midi_from_score
from tests.fixtures_page import Served, Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tiny_model: Any) -> list[Order]:
    """The orders that arrive at the core, which itself does nothing here but end."""
    seen: list[Order] = []

    def recorder(order: Order, *_: Any) -> None:
        seen.append(order)
        raise PlanError("Recorded.")

    monkeypatch.setattr(app.page.run, "carry_out", recorder)
    monkeypatch.setattr(ModelShelf, "get", lambda *_: tiny_model)
    return seen


def run_and_see(me: Visit, calls: list[Order]) -> Order:
    """Press the button and give what arrived."""
    before = len(calls)
    me.run()
    for _ in range(300):
        if len(calls) > before and me.tab.locator("#run").is_visible():
            break
        me.tab.wait_for_timeout(100)
    assert len(calls) == before + 1, me.text("#progress")
    me.tab.locator("#progress .problem", has_text="Recorded.").wait_for()
    me.tab.wait_for_timeout(600)
    assert "Recorded." in me.text("#progress")
    return calls[-1]


def test_every_control_reaches_the_core(
    visit: Callable[..., Visit], served: Served, real_clip: Path, calls: list[Order], tmp_path: Path
) -> None:
    me = visit()
    me.upload(real_clip)
    me.apply("calm piano")
    plain = run_and_see(me, calls)
    (old,) = plain.parts
    assert (plain.n_parts, plain.split_mode, plain.force) == (4, "exact", False)
    asked = GenerationSettings("calm piano", num_inference_steps=4, seed=old.generation.seed)
    assert old == PartOrder(1, asked, old.model, describer=old.describer)
    change_everything(me, tmp_path)
    changed = run_and_see(me, calls)
    (new,) = changed.parts
    generation = new.generation
    kinds = (
        (PartOrder, old, new),
        (GenerationSettings, old.generation, generation),
        (MixSettings, old.mix, new.mix),
        (Writing, old.writing, new.writing),
    )
    for kind, one, other in kinds:
        same = {f.name for f in fields(kind) if getattr(one, f.name) == getattr(other, f.name)}
        # The first take goes in; seed image, describer and MIDI have runs of their own; the others have no widget.
        # How music fades and ducks is the mixer's, once there is music.
        left = {
            "run_samples",
            "fade_in",
            "fade_out",
            "duck_depth_db",
            "duck_attack",
            "duck_release",
            "take",
            "seed_image",
            "bpm",
            "extra",
            "describer",
            "stills",
            "scores",
            "midi",
            "run",
            "lead",
            "seen",
        }
        assert same <= left, f"dead controls: {same - left}"
    assert new.writing.attributes == WANTED
    assert set(WANTED) == set(ATTRIBUTES)
    assert (new.writing.score, new.writing.follow) == ("on", "motion")
    assert (new.writing.through, new.writing.apart) == (True, True)
    assert (changed.n_parts, new.part, changed.split_mode) == (6, 5, "reencode")
    assert new.mix == MixSettings(SoundMode.DUCK, -20, -23)
    assert (generation.prompt, generation.negative_prompt, generation.seed) == ("slow strings", "vocals", 1234)
    assert (generation.guidance_scale, generation.num_inference_steps) == (9.5, 7)
    assert (generation.scheduler, generation.candidates, generation.strength) == ("euler", 3, 0.25)
    assert generation.loop is True
    assert generation.seed_audio is not None
    assert generation.seed_audio.n_samples == 8000
    assert new.model == "pocket"
    me.tab.locator("#seed_audio button[aria-label=Clear]").click()
    picture = tmp_path / "spectrogram.png"
    Image.fromarray(np.full((32, 64), 77, dtype=np.uint8)).save(picture)
    me.tab.locator("#seed_image input[type=file]").set_input_files(str(picture))
    me.tab.locator("#seed_image", has_text="spectrogram").wait_for()
    last = run_and_see(me, calls).parts[0].generation
    assert last.seed_audio is None
    assert np.asarray(last.seed_image.convert("L")).mean() == pytest.approx(77, abs=1)
    check_dice(me)


WANTED: dict[str, Any] = {
    "key": "A minor",
    "bpm": 92.0,
    "pace": "slow",
    "meter": "3/4",
    "genre": "lo-fi",
    "mood": "calm",
    "instruments": ["piano", "cello"],
    "without": ["choir"],
    "solo": False,
    "drums": True,
    "density": "busy",
    "dynamics": "soft",
    "articulation": "staccato",
    "texture": "arpeggio",
    "energy": "high",
    "section": "intro",
}
"""What the score should be in every respect."""


def change_score(me: Visit) -> None:
    """Give every control of the score another value than it has."""
    me.open_score()
    me.pick("Write a score", "Always")
    me.pick("Follow the picture", "Motion")
    for name, value in WANTED.items():
        label = labels(name)["label"]
        if isinstance(value, list):
            for one in value:
                me.pick(label, one)
            me.tab.keyboard.press("Escape")
            me.tab.get_by_role("listbox").wait_for(state="hidden")
        elif isinstance(value, bool):
            me.pick(label, OPTIONS[name].choices[not value].capitalize())
        elif isinstance(value, float):
            me.tab.get_by_label(label).fill(f"{value:g}")
        else:
            me.pick(label, f"{value[0].upper()}{value[1:]}")
    me.tab.get_by_label("Run on across cuts").check()
    me.tab.get_by_label("By itself").check()


def test_a_midi_file_is_painted_until_it_is_taken_away(
    visit: Callable[..., Visit], real_clip: Path, calls: list[Order], tmp_path: Path
) -> None:
    me = visit()
    me.upload(real_clip)
    me.apply("calm piano")
    song, wrong = tmp_path / "song.mid", tmp_path / "wrong.mid"
    score = Score((ScoreNote(0, "lead", 73, 72, 480, 90),), 1920)
    song.write_bytes(midi_from_score(score))
    wrong.write_bytes(b"this is no MIDI file")
    me.open_score()
    me.tab.locator("#midi input[type=file]").set_input_files(str(wrong))
    me.tab.locator("#midi-news .problem", has_text="wrong.mid").wait_for()
    me.tab.locator("#midi button[aria-label=Clear]").click()
    me.tab.locator("#midi-news .problem").wait_for(state="detached")
    me.tab.locator("#midi input[type=file]").set_input_files(str(song))
    me.tab.locator("#midi-news .roll").wait_for()
    assert "1 bar; 4/4; 120 BPM; Lead: flute" in me.text("#midi-news")
    (part,) = run_and_see(me, calls).parts
    assert part.writing.midi is not None
    assert part.writing.midi.score == score
    me.tab.locator("#midi button[aria-label=Clear]").click()
    me.tab.locator("#midi-news .roll").wait_for(state="detached")
    assert run_and_see(me, calls).parts[0].writing.midi is None


def change_everything(me: Visit, tmp_path: Path) -> None:
    """Give every control another value than it has."""
    me.number(strings.N_PARTS_LABEL, 6)
    me.tab.locator("#strip .frame").nth(5).wait_for()
    me.open_settings()
    me.pick("How to cut", "Re-encode, clean starts")
    me.tab.locator('#strip .frame[data-index="5"]').click()
    me.tab.locator("#card dd", has_text="5 of 6").wait_for()
    me.apply("slow strings")
    me.tab.get_by_label("Negative prompt").fill("vocals")
    change_score(me)
    me.open_settings()
    me.pick("Checkpoint", "pocket")
    me.tab.wait_for_timeout(500)  # The checkpoint brings its own steps and scheduler, which are changed below.
    me.pick("Scheduler", "euler")
    for label, value in (("Guidance scale", 9.5), ("Steps", 7), ("Candidates", 3)):
        me.number(label, value)
    without_effect = [me.number_of(label) for label in ("Music level", "Level in LUFS", "Strength")]
    assert all(field.is_disabled() for field in without_effect)
    me.tab.locator("#seed input, #seed textarea").first.fill("1234")
    me.tab.get_by_label("Duck").check()
    me.tab.get_by_label("Fixed level").check()
    me.tab.get_by_label("Loop").check()
    me.number("Music level", -20)
    me.number("Level in LUFS", -23)
    sound = tmp_path / "hum.wav"
    tone = np.sin(np.arange(8000, dtype=np.float32) / 9)[None] * np.float32(0.3)
    media.write_wav(sound, Waveform(tone, 8000))
    me.tab.locator("#seed_audio input[type=file]").set_input_files(str(sound))
    me.tab.locator("#seed_audio button[aria-label=Clear]").wait_for()
    me.number("Strength", 0.25)


def check_dice(me: Visit) -> None:
    """The dice writes a seed; output columns, which concern the page alone, are checked with the dub in the browser."""
    field = me.tab.locator("#seed input, #seed textarea").first
    me.tab.locator("#dice").click()
    me.tab.wait_for_function("() => document.querySelector('#seed input, #seed textarea').value !== '1234'")
    assert 0 <= int(field.input_value()) < 2**32


def test_values_out_of_range_are_said_before_the_queue(
    visit: Callable[..., Visit], real_clip: Path, calls: list[Order]
) -> None:
    me = visit()
    me.upload(real_clip)
    me.apply("calm piano")
    me.open_settings()
    me.tab.locator("#seed input, #seed textarea").first.fill("99999999999")
    me.run()
    me.tab.locator("#progress .problem", has_text="Seed is 99999999999, but must be from 0 to 4294967295").wait_for()
    me.tab.locator("#run").wait_for()
    assert calls == []


def test_every_control_has_a_label_and_one_line_of_help() -> None:
    said = [labels(name) for name in {*CONTROLS, *strings.SETTINGS}]
    assert all(one["label"] for one in said)
    assert all(one["info"].endswith(".") and "\n" not in one["info"] for one in said)
    assert set(strings.SETTINGS) <= {*OPTIONS, "loudness_lufs", "columns"}
