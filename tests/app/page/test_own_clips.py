"""The clips that the page offers: small, ours, and with something to hear and to duck under."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app import media
from app.page import strings
from app.page.input import EXAMPLES
from app.plan import plan_parts
from app.settings import SoundMode
from app.soundtrack.mix import MixSettings, audible_loudness, mix
from examples.clips.pictures import balloons, harbour, street
from examples.clips.sounds import harbour_sound, street_sound
from riffusion_inference.datatypes import Waveform
from tests.fixtures_page import Visit

DRAWN = {"harbour.mp4": harbour, "street.mp4": street, "balloons.mp4": balloons}
SOUNDED = {"harbour.mp4": harbour_sound, "street.mp4": street_sound}


def test_they_are_all_there_and_small() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {name for name, _ in strings.EXAMPLES} == set(DRAWN)
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 1_000_000


@pytest.mark.parametrize("name", DRAWN)
def test_they_are_what_the_script_draws_and_sounds(name: str) -> None:
    clip = media.probe(EXAMPLES / name)
    at = clip.duration / 2
    (shown,) = media.thumbnails(clip, [at], clip.height)
    drawn = DRAWN[name](float(at))
    assert shown.size == drawn.size
    assert np.abs(np.asarray(shown, float) - np.asarray(drawn, float)).mean() < 6
    if name not in SOUNDED:
        assert clip.sample_rate is None
        return
    heard = media.decode_audio(clip.path).samples.mean(axis=0)
    made = SOUNDED[name](float(clip.duration)).mean(axis=0)
    n_samples = min(len(heard), len(made))
    assert np.corrcoef(heard[:n_samples], made[:n_samples])[0, 1] > 0.95


def test_every_part_of_those_with_sound_is_heard() -> None:
    for name in SOUNDED:
        clip = media.probe(EXAMPLES / name)
        sound = media.decode_audio(clip.path)
        for part in plan_parts(clip, 4):
            own = sound.samples[:, part.start_sample(sound.sample_rate) : part.end_sample(sound.sample_rate)]
            loudness = audible_loudness(Waveform(own, sound.sample_rate))
            assert loudness is not None
            assert -30 < loudness < -12


def test_duck_goes_down_while_the_voice_speaks() -> None:
    sound = media.decode_audio(EXAMPLES / "harbour.mp4")
    rate, rng = sound.sample_rate, np.random.default_rng(0)
    music = Waveform((rng.standard_normal(sound.samples.shape) * 0.1).astype(np.float32), rate)
    levels = {}
    for mode in (SoundMode.UNDER, SoundMode.DUCK):
        mixed = mix(sound, music, MixSettings(mode, -6), -20.0).waveform.samples
        added = (mixed - sound.samples)[:, : rate * 18]
        levels[mode] = np.array([piece.std() for piece in np.array_split(added, 36, axis=1)])
    ratio = levels[SoundMode.DUCK] / levels[SoundMode.UNDER]
    assert ratio.max() > 1.9 * ratio.min()


@pytest.mark.browser
def test_an_example_is_a_click_away_and_before_has_sound(visit: object, tmp_path: Path) -> None:
    me: Visit = visit()  # type: ignore[operator]
    me.tab.get_by_role("button", name=strings.EXAMPLES[0][1]).click()
    me.tab.locator("#strip .frame").nth(3).wait_for()
    assert "00:20.000" in me.text("#facts")
    assert "AAC 48 kHz stereo" in me.text("#facts")
    me.apply("calm piano")
    me.run()
    me.wait_for_part(1)
    source = me.tab.locator("#stage video[data-side=a]").get_attribute("src")
    before = tmp_path / "before.mp4"
    address = me.tab.evaluate("src => new URL(src, location.href).href", source)
    before.write_bytes(me.tab.request.get(address).body())
    assert media.probe(before).duration == Fraction(20)
    assert np.abs(media.decode_audio(before).samples).max() > 0.2
    assert me.complaints == []
