"""The page's words and templates: none is dead, none escapes escaping, and numbers agree with their nouns."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import jinja2
import pytest

from app.page import strings
from app.page.cards import card_html, notes_html
from app.page.progress import waiting_html
from app.page.render import render
from app.page.session import Session
from app.page.word_chips import word_groups
from riffusion_inference.notation.score import Score, Section
from riffusion_inference.score.brief import read_prompt

APP = Path(__file__).resolve().parents[3] / "app"
TEMPLATES = sorted((APP / "page" / "templates").glob("*.html"))


def source_of(folder: Path) -> str:
    """All code and all templates, but for the words themselves."""
    files = [p for p in folder.rglob("*") if p.suffix in (".py", ".html") and p.name != "strings.py"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_word_is_shown_somewhere() -> None:
    names = {name for name in vars(strings) if name.isupper()}
    used = set(re.findall(r"\b(?:strings|words)\.([A-Z][A-Z0-9_]*)\b", source_of(APP)))
    assert names - used == set(), "strings.py has words that nobody sees"
    assert used - names == set(), "strings.py lacks words that are used"


def test_every_template_is_used() -> None:
    asked = set(re.findall(r'render\(\s*"(\w+)"|"(\w+)\.html"', source_of(APP / "page")))
    assert {path.stem for path in TEMPLATES} == {name for pair in asked for name in pair if name}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_trusts_a_value(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe|autoescape|Markup", text)
    # What is not between quotes would not be escaped enough as an attribute.
    assert not re.search(r"=\{\{", text)


def test_values_are_escaped_in_text_and_in_attributes() -> None:
    assert "&lt;b&gt;" in notes_html(["<b>"])
    session = Session(prompt="<script>alert(\"x\")</script> & 'more'")
    assert "<script" not in card_html(session, 1)
    assert "&amp; &#39;more&#39;" in card_html(session, 1)
    assert 'onerror="' not in render("detail", **detail_values('" onerror="alert(1)'))


def detail_values(name: str) -> dict[str, object]:
    """What detail.html wants, with one name in every place that takes one."""
    from app.page.follow_lane import Lane, Moment
    from app.page.piano_roll import piano_roll
    from app.page.results import ShownTake

    score = Score((), 480, sections=(Section(0, name),))
    roll = piano_roll(score, Fraction(1, 2), name)
    lane = Lane("M0 0", (Moment("5%", name, 1.0),), ((name, name),), name)
    files = ((name, name, name),)
    take = ShownTake(
        1, name, name, in_use=False, sound=name, picture=name, picture_says=name, roll=roll, lane=lane, downloads=files
    )
    return {
        "part": name,
        "heading": name,
        "takes": [take],
        "made": [(name, name)],
        "notes": [name],
        "terms": name,
        "timeline": name,
    }


def test_a_missing_value_is_an_error_and_no_gap() -> None:
    with pytest.raises(jinja2.UndefinedError, match="sentence"):
        render("problem")


def test_numbers_agree_with_their_nouns() -> None:
    assert "1 job is running. You are number 2 in the queue." in waiting_html(2, 1)
    assert "3 jobs are running. You are number 1 in the queue." in waiting_html(1, 3)
    assert "0 jobs are running." in waiting_html(1, 0)
    assert strings.counted(strings.KEYFRAMES, 1) == "1 keyframe"
    assert strings.counted(strings.FRAMES, 150) == "150 frames"


def test_every_chip_is_a_word_that_the_composer_knows() -> None:
    for name, group in word_groups():
        for word in group.words:
            brief = read_prompt(word)
            assert brief.read, f"{name}: {word}"
            assert "Not understood" not in brief.sentence(), f"{name}: {word}"
