"""The picture of what was found: cuts where they are, met ones told apart, bars and beats under them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from PIL import ImageColor

from app.mood import Watched, draw_strip
from app.mood.strip import BAR, CURVE, HEIGHT, MET, MISSED
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.follow import Hit

CUTS = (Hit(Fraction(3), 1.0), Hit(Fraction(6), 1.0), Hit(Fraction(81, 10), 0.5))
SEEN = Watched(Fraction(12), CUTS, (Hit(Fraction(9), 0.5),), (0.1,) * 49, (0.4,) * 49, (0.2,) * 49)


def columns(picture: np.ndarray, row: int, colour: str) -> list[int]:
    """Columns of a row that have a colour."""
    return [int(place) for place in np.flatnonzero((picture[row] == ImageColor.getrgb(colour)).all(axis=1))]


def test_cuts_stand_where_they_are_and_are_missed_without_music() -> None:
    picture = np.asarray(draw_strip(SEEN, width=1201))
    assert picture.shape == (HEIGHT, 1201, 3)
    found = columns(picture, 3, MISSED)
    for cut in CUTS:
        assert any(abs(place - 100 * float(cut.time)) <= 1 for place in found)
    # A softer cut is a shorter line.
    assert len(columns(picture, CURVE - 8, MISSED)) < len(found)
    assert columns(picture, CURVE + 10, BAR) == []


def test_cuts_that_the_music_meets_look_different_and_bars_are_drawn() -> None:
    score = write_score(read_prompt("rock"), SEEN.duration, 1, hits=CUTS)
    picture = np.asarray(draw_strip(SEEN, score, width=1201))
    met = [float(score.seconds(accent.tick)) for accent in score.accents]
    assert met
    for moment in met:
        assert any(abs(place - 100 * moment) <= 2 for place in columns(picture, 3, MET))
    bars = [float(score.seconds(tick)) for tick in score.bar_lines()]
    drawn = columns(picture, CURVE + 10, BAR)
    assert all(any(abs(place - 100 * moment) <= 2 for place in drawn) for moment in bars)
