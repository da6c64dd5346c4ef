"""The page in a real browser: what a person does from the upload to the download."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import media
from app.page import strings
from app.result.verify import verify
from riffusion_inference.notation.score import Key
from riffusion_inference.score.midi import score_from_midi
from tests.fixtures_page import Served, Visit, sample_clip

pytestmark = pytest.mark.browser
Open = Callable[..., Visit]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_page_fits_and_fetches_nothing_from_elsewhere(visit: Open, served: Served, width: int, theme: str) -> None:
    me = visit(width=width, theme=theme)
    assert me.tab.evaluate("document.documentElement.scrollWidth") <= width
    assert ("dark" in (me.tab.locator("body").get_attribute("class") or "").split()) == (theme == "dark")
    assert [url for url in me.requests if not url.startswith((served.url, "data:", "blob:"))] == []
    assert me.complaints == []
    assert strings.REASON_NO_VIDEO in me.text("#reason")
    assert not me.tab.locator("#run").is_visible()


def test_every_control_has_a_name_and_the_strip_obeys_the_keyboard(visit: Open, real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.open_settings()
    nameless = me.tab.evaluate(
        """() => [...document.querySelectorAll('button, input, textarea, select, video, audio, img')].filter((e) =>
             e.offsetParent && !e.getAttribute('aria-label') && !e.getAttribute('title') && !e.textContent.trim() &&
             !(e.labels && e.labels.length) && !e.hasAttribute('alt') && e.type !== 'file').map((e) => e.outerHTML)"""
    )
    assert nameless == []
    me.choose(1)
    first = me.tab.locator('#strip .frame[data-index="1"]')
    first.focus()
    for key, part in (("ArrowRight", 2), ("End", 4), ("ArrowLeft", 3), ("Home", 1)):
        me.tab.keyboard.press(key)
        me.tab.locator("#card dd", has_text=f"{part} of 4").wait_for()
        assert me.tab.evaluate("document.activeElement.dataset.index") == str(part)
    assert me.tab.locator('#strip [aria-checked="true"]').count() == 1


def test_wrong_input_is_one_sentence_and_no_button(visit: Open, tmp_path: Path, real_clip: Path) -> None:
    me = visit()
    wrong = tmp_path / "not really.mp4"
    wrong.write_bytes(b"this is no video at all" * 100)
    me.upload(wrong)
    sentence = me.text("#facts .problem")
    assert "not really.mp4" in sentence
    assert sentence.count("\n") == 0
    assert "/" not in sentence
    assert sentence in me.text("#reason")
    assert not me.tab.locator("#run").is_visible()
    me.tab.locator("#video button[aria-label=Clear]").click()
    me.tab.locator("#reason", has_text=strings.REASON_NO_VIDEO).wait_for()
    me.upload(real_clip)
    assert "00:05.000" in me.text("#facts")
    assert "480 × 270" in me.text("#facts")


def test_reason_stands_until_the_prompt_is_applied(visit: Open, real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    assert "write a prompt" in me.text("#reason").lower()
    place = me.tab.locator("#reason").bounding_box()
    me.apply("calm piano")
    me.tab.locator("#run").wait_for()
    button = me.tab.locator("#run").bounding_box()
    assert (button["x"], button["y"], button["height"]) == pytest.approx(
        (place["x"], place["y"], place["height"]), abs=3
    )
    me.tab.locator("#prompt textarea").press_sequentially(" and more")
    me.tab.locator("#reason", has_text=strings.REASON_DRAFT).wait_for()
    assert not me.tab.locator("#run").is_visible()
    me.tab.get_by_role("button", name=strings.APPLY, exact=True).click()
    me.tab.locator("#card dd", has_text="calm piano and more").wait_for()
    me.tab.locator("#run").wait_for()
    me.number(strings.N_PARTS_LABEL, 5)
    me.tab.locator("#strip .frame").nth(4).wait_for()
    assert "00:01.000" in me.text("#card")


def test_what_is_read_of_the_prompt_is_said_while_typing(visit: Open) -> None:
    me = visit()
    said = me.tab.locator("#reading")
    assert strings.READING_EMPTY in said.inner_text()
    assert me.tab.locator('#reading[aria-live="polite"]').count() == 1
    me.tab.locator("#prompt textarea").press_sequentially("dark lo-fi with flugelzithers, 78 BPM", delay=20)
    sentence = me.tab.get_by_text("Read as: 78 BPM, dark, lo-fi. Not understood: flugelzithers.")
    sentence.wait_for()
    me.tab.get_by_role("button", name=strings.PROMPT_EXAMPLES[0]).click()
    me.tab.locator("#reading", has_text="Read as: calm, piano").wait_for()
    assert "flugelzithers" not in said.inner_text()
    me.tab.locator("#prompt textarea").fill("🦊🦊")
    me.tab.get_by_text("Nothing in the prompt was understood.").wait_for()
    me.tab.locator("#prompt textarea").fill("")
    me.tab.locator("#reading", has_text=strings.READING_EMPTY).wait_for()
    assert me.complaints == []


def test_dub_two_parts_compare_choose_undo_download_and_verify(visit: Open, real_clip: Path, tmp_path: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.choose(2)
    me.apply("calm piano, slow, warm")
    me.open_settings()
    me.tab.get_by_label("Checkpoint").fill("pocket")
    me.tab.get_by_label("Checkpoint").press("Enter")
    me.number("Steps", 3)
    me.number("Candidates", 2)
    me.run()
    me.tab.locator("#progress [role=progressbar]").first.wait_for()
    assert "so far" in me.text("#progress") or "Starting" in me.text("#progress")
    me.wait_for_part(2, seconds=120)
    me.tab.locator("#detail summary", has_text=strings.MADE_HEADING).click()
    assert "pocket" in me.text("#detail .made")
    assert "LUFS" in me.text("#detail .made")
    check_players(me)
    choose_the_other_take(me)
    assert "--columns:3" in (me.tab.locator("#grid ol").get_attribute("style") or "")
    me.number("Output columns", 2)
    me.tab.locator('#grid ol[style*="--columns:2"]').wait_for()
    me.choose(4)
    me.run()
    me.wait_for_part(4, seconds=120)
    assert badges(me) == [2, 4]
    archive = download(me, tmp_path / "two.zip")
    report = verify(archive, real_clip)
    assert report.ok, report.lines
    me.tab.locator("#undo").click()
    me.tab.locator('#strip .frame[data-index="4"] .badge').wait_for(state="detached", timeout=30_000)
    assert badges(me) == [2]
    assert verify(download(me, tmp_path / "one.zip"), real_clip).ok
    me.tab.get_by_role("button", name=strings.HISTORY_HEADING).click()
    me.tab.locator("#history tbody tr").nth(1).wait_for()
    assert me.tab.locator("#history tbody tr").count() == 2
    assert me.complaints == []


def test_the_score_lies_under_the_spectrogram_and_can_be_taken_away(
    visit: Open, real_clip: Path, tmp_path: Path
) -> None:
    me = visit()
    me.upload(real_clip)
    me.number(strings.N_PARTS_LABEL, 1)
    me.apply("waltz in D minor, flute, 100 BPM")
    me.open_score()
    me.pick("Write a score", "Always")
    me.run()
    me.wait_for_part(1)
    said = me.tab.locator("#detail .roll > svg").last.get_attribute("aria-label")
    assert "D minor" in said
    assert "Lead: flute" in said
    me.tab.locator("#detail summary", has_text=strings.MADE_HEADING).click()
    assert any("Read as:" in text for text in me.tab.locator("#detail .note").all_inner_texts())
    for width in (1280, 390):
        me.tab.set_viewport_size({"width": width, "height": 900})
        picture, roll = (
            me.tab.locator(f"#detail {it}").last.bounding_box() for it in ("img.spectrogram", ".roll > svg")
        )
        assert (roll["x"], roll["width"]) == pytest.approx((picture["x"], picture["width"]), abs=1)
        assert me.tab.evaluate("document.documentElement.scrollWidth") <= width
    audio = me.tab.locator("#detail .take audio")
    audio.evaluate("e => { e.currentTime = e.duration / 2 }")
    me.tab.locator('#detail .roll line.playhead[x1^="5"]').last.wait_for(state="attached")
    with me.tab.expect_download() as waiting:
        me.tab.get_by_role("link", name=strings.DOWNLOAD_SCORE).click()
    assert waiting.value.suggested_filename == "01.mid"
    waiting.value.save_as(tmp_path / "01.mid")
    score = score_from_midi((tmp_path / "01.mid").read_bytes()).score
    assert score.key == Key(2, minor=True)
    assert me.complaints == []


def check_players(me: Visit) -> None:
    """The film plays by itself once its music is there, and before and after stand at the same instant."""
    before, after = (me.tab.locator(f"#stage video[data-side={side}]") for side in "ab")
    me.tab.wait_for_function("() => document.querySelector('#stage video[data-side=b]').currentTime > 1.3")
    assert after.evaluate("e => [e.classList.contains('seen'), e.duration]") == [True, pytest.approx(5.0, abs=0.1)]
    me.tab.wait_for_function("() => document.querySelector('#stage video[data-side=b]').paused")
    me.tab.get_by_role("button", name=strings.BEFORE, exact=True).click()
    assert before.evaluate("e => [e.classList.contains('seen'), e.muted]") == [True, False]
    assert after.evaluate("e => e.muted")
    at = "e => e.currentTime"
    assert before.evaluate(at) == pytest.approx(after.evaluate(at), abs=0.07)
    picture = me.tab.locator("#detail img.spectrogram").first
    assert picture.evaluate("e => e.decode().then(() => e.naturalWidth)") > 0


def choose_the_other_take(me: Visit) -> None:
    """Two takes stand there; the second can be laid in."""
    takes = me.tab.locator("#detail .take")
    assert takes.count() == 2
    me.tab.get_by_role("button", name=f"{strings.USE_TAKE}: Take 2").click()
    takes.nth(1).locator(".badge").wait_for(timeout=30_000)
    assert takes.nth(0).locator(".badge").count() == 0


def badges(me: Visit) -> list[int]:
    """Parts that are marked as dubbed on the filmstrip; the grid of results must agree."""
    marked = me.tab.locator("#strip .frame:has(.badge)")
    parts = [int(marked.nth(i).get_attribute("data-index")) for i in range(marked.count())]
    assert me.tab.locator("#grid li.dubbed").count() == len(parts)
    return parts


def download(me: Visit, target: Path) -> Path:
    """Press Download archive, once."""
    with me.tab.expect_download() as waiting:
        me.tab.locator("#archive").click()
    waiting.value.save_as(target)
    return target


def test_cancel_stops_within_two_seconds_and_leaves_nothing(visit: Open, served: Served, real_clip: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.apply("calm piano")
    me.number(strings.N_PARTS_LABEL, 1)
    me.open_settings()
    me.number("Steps", 100)
    me.number("Candidates", 8)
    before = set(served.folder.rglob("*"))
    me.run()
    me.tab.locator("#progress", has_text="step").wait_for(timeout=30_000)
    began = time.monotonic()
    me.tab.locator("#cancel").click()
    me.tab.locator("#progress", has_text="Stopped").wait_for(timeout=5000)
    assert time.monotonic() - began < 2.5
    me.tab.locator("#run").wait_for()
    left = [path for path in set(served.folder.rglob("*")) - before if path.is_file() and path.stat().st_size]
    assert left == []


def test_two_visitors_wait_in_line_and_see_only_their_own_files(visit: Open, real_clip: Path) -> None:
    first, second = visit(), visit()
    for me in (first, second):
        me.upload(real_clip)
        me.apply("calm piano")
    first.run()
    first.wait_for_part(1)
    films = first.tab.locator("#stage video[data-side=b]").get_attribute("src")
    address = first.tab.evaluate("src => new URL(src, location.href).href", films)
    assert first.tab.request.get(address).status == 200
    assert second.tab.request.get(address).status == 403
    upload = first.tab.locator("#video video").evaluate("e => e.currentSrc || e.src")
    if upload.startswith("http"):
        assert first.tab.request.get(upload).status == 200
    assert strings.RESULTS_EMPTY in second.text("#panel-results")
    first.open_settings()
    first.number(strings.N_PARTS_LABEL, 1)
    first.number("Steps", 100)
    first.number("Candidates", 8)
    first.tab.locator("#card dd", has_text="1 of 1").wait_for()
    first.run()
    first.tab.locator("#progress", has_text="step").wait_for(timeout=30_000)
    second.run()
    second.tab.locator("#waiting", has_text="You are number 1 in the queue").wait_for()
    first.tab.locator("#cancel").click()
    second.wait_for_part(1)


def test_the_picture_writes_the_prompt_and_the_film_is_taken_home(visit: Open, real_clip: Path, tmp_path: Path) -> None:
    me = visit()
    me.upload(real_clip)
    me.choose(3)
    me.tab.get_by_role("button", name=strings.SUGGEST_HEADING).click()
    me.tab.get_by_role("button", name=strings.STILLS_BUTTON).click()
    me.tab.locator("#stills .frame").nth(2).wait_for()
    assert "33 %" in me.text("#stills")
    me.tab.locator("#stills .frame").nth(1).click()
    me.suggest()
    me.tab.locator("#saw", has_text="What it saw").wait_for()
    me.tab.locator("#run").wait_for()
    applied = me.tab.locator("#prompt textarea").input_value()
    assert len(applied.split()) >= 4
    assert applied in me.text("#card")
    me.apply("calm piano")
    me.suggest()
    me.tab.get_by_role("button", name=strings.USE_FOUND).wait_for()
    assert me.tab.locator("#prompt textarea").input_value() == "calm piano"
    assert "calm piano" in me.text("#card")
    me.tab.get_by_role("button", name=strings.USE_FOUND).click()
    me.tab.locator("#card dd", has_text=applied).wait_for()
    me.run()
    me.wait_for_part(3)
    with me.tab.expect_download() as waiting:
        me.tab.locator("#film-file").click()
    assert waiting.value.suggested_filename == "b - new music.mp4"
    film = tmp_path / "film.mp4"
    waiting.value.save_as(film)
    old, new = media.decode_audio(real_clip).samples, media.decode_audio(film).samples
    n_samples = min(old.shape[1], new.shape[1])
    rate = media.probe(real_clip).sample_rate or 0
    change = abs(old[:, :n_samples] - new[:, :n_samples]).mean(axis=0)
    inside = change[int(2.6 * rate) : int(3.6 * rate)].mean()
    outside = change[: int(2.3 * rate)].mean()
    assert inside > 10 * outside
    assert list(media.frame_hashes(film)) == list(media.frame_hashes(real_clip))


def test_in_a_frame_without_cookies_everything_works(
    visit: Open, chromium: Any, served: Served, real_clip: Path
) -> None:
    context = chromium.new_context()
    try:
        tab = context.new_page()
        sent: list[str] = []

        def without_cookies(route: Any) -> None:
            headers = {name: value for name, value in route.request.headers.items() if name != "cookie"}
            sent.append(route.request.url)
            route.continue_(headers={**headers, "cookie": ""})

        tab.route("**/*", without_cookies)
        me = Visit(tab, [], [])
        tab.on("console", lambda said: me.complaints.append(said.text) if said.type == "error" else None)
        tab.goto(served.url)
        tab.locator("#card dl").wait_for(timeout=30_000)
        me.settle()
        me.upload(real_clip)
        me.apply("calm piano")
        me.run()
        me.wait_for_part(1)
        tab.wait_for_function("document.querySelector('#stage video[data-side=b]').readyState >= 1")
        assert me.complaints == []
        assert [url for url in sent if "/file=" in url]
        assert all("/visit/" in url for url in sent if "/gradio_api/" in url)
    finally:
        context.close()


def test_a_large_video_is_sent_in_pieces(visit: Open, tmp_path: Path) -> None:
    me = visit()
    large = tmp_path / "large.mp4"
    clip = sample_clip().read_bytes()
    # A box that players pass over makes it large.
    filler = 2_200_000
    large.write_bytes(clip + (filler + 8).to_bytes(4, "big") + b"free" + bytes(filler))
    me.upload(large)
    pieces = [url for url in me.requests if "/upload_piece?" in url]
    assert len(pieces) == 3
    me.tab.locator("#strip .frame").first.wait_for()
    assert me.complaints == []
