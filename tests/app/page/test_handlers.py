"""The page's parts that need no browser: who owns what, jobs, words, limits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.dub import Order
from app.errors import ConfigError, DubCancelled
from app.media import probe
from app.models import ModelShelf
from app.mood import Still
from app.page import strings
from app.page.cards import data_url, facts_html, part_lengths, reason, strip_html
from app.page.input import edit_prompt, model_changed, read_draft, reading, replan, take_video
from app.page.jobs import Job, Worker, gpu_seconds, use_shelf
from app.page.order import CONTROLS, order_for, whole
from app.page.progress import done_html, progress_html, seconds_text, waiting_html
from app.page.results import history_html, model_name
from app.page.run import Shown, begin, cancel, run_job, undo, watch
from app.page.score_input import show_midi
from app.page.session import HistoryEntry, PageContext, Session
from app.page.stages import Stages
from app.page.tabs import close
from app.page.visitors import Visitors, quota_of
from app.plan import Part
from app.settings import OPTIONS, load_settings
from app.settings.options import ATTRIBUTES, Kind
from riffusion_inference.datatypes import GenerationSettings, Progress
from riffusion_inference.errors import SettingError
from riffusion_inference.notation.score import Score, ScoreNote
from riffusion_inference.score.midi import midi_from_score

UNSET: dict[str, Any] = {
    "score": "auto",
    "midi": None,
    **{name: [] if OPTIONS[name].kind is Kind.NAMES else "" for name in ATTRIBUTES},
}
"""What the score's widgets hold where nothing is set."""


def finish(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to its end in a thread of its own: the browser of other tests keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture
def context(tmp_path: Path) -> PageContext:
    """Settings, an empty page folder and an empty shelf."""
    settings = load_settings(None, {}, max_upload_mb=1, max_duration_seconds=3, model="pocket")
    return PageContext(settings, Visitors(tmp_path / "page", quota_of(settings)), ModelShelf(settings))


def session_of(context: PageContext, visitor: str = "anna") -> Session:
    """A session as after its first event."""
    return Session(visitor, folder=context.visitors.new_folder(visitor))


def test_a_session_belongs_to_one_visitor(context: PageContext) -> None:
    session = session_of(context)
    with pytest.raises(SettingError, match="not from this visit"):
        context.open(session, None)
    mine = Session()
    assert context.open(mine, None) is mine
    assert mine.folder is not None
    close(mine)
    assert not mine.folder.exists()
    with pytest.raises(SettingError, match="reload"):
        context.open(mine, None)
    assert context.open(mine, None).folder is not None


def test_limits_and_wrong_files_are_sentences(context: PageContext, real_clip: Path) -> None:
    session = session_of(context)
    assert session.folder is not None
    clip = session.folder / "b.mp4"
    clip.write_bytes(real_clip.read_bytes())
    shown = take_video(context, session, str(clip))
    assert "lasts 00:05.000, but the longest accepted here is 00:03.000" in shown["facts"]
    clip.write_bytes(bytes(1_500_000))
    assert "is 2 MB, but the limit here is 1 MB" in take_video(context, session, str(clip))["facts"]
    assert "not from this visit" in take_video(context, session, str(real_clip))["facts"]
    assert "Upload a video first" in take_video(context, session, None)["reason"]["value"]


def test_more_parts_than_frames_is_the_reason(tmp_path: Path, real_clip: Path) -> None:
    settings = load_settings(None, {})
    context = PageContext(settings, Visitors(tmp_path, quota_of(settings)), ModelShelf(settings))
    session = session_of(context)
    assert session.folder is not None
    clip = session.folder / "b.mp4"
    clip.write_bytes(real_clip.read_bytes())
    take_video(context, session, str(clip))
    session.n_parts = 151
    assert "150" in replan(session, 1)["reason"]["value"]
    session.n_parts = 3
    replan(session, 1)
    assert strip_html(session).count('role="radio"') == 3
    assert session.plan is not None
    assert part_lengths(session.plan.parts) == "00:01.667"
    assert "Write a prompt" in reason(session)


def test_parts_that_are_about_to_change_are_not_dubbed(tmp_path: Path, real_clip: Path) -> None:
    settings = load_settings(None, {}, model="pocket", device="cpu")
    context = PageContext(settings, Visitors(tmp_path, quota_of(settings)), ModelShelf(settings))
    session = session_of(context)
    session.source = real_clip
    session.clip = probe(real_clip)
    session.prompt, session.n_parts = "calm piano", 5
    replan(session, 11)
    given = dict.fromkeys(CONTROLS)
    assert strings.PARTS_CHANGED in begin(context, session, Shown(11, 12), given)["progress"]
    assert session.job is None
    assert "progress" in begin(context, session, Shown(4, 5), given)
    assert session.job is not None
    assert (session.job.part, session.job.order.n_parts) == (4, 5)


def test_a_still_is_looked_at_for_the_part_it_was_shown_for(context: PageContext) -> None:
    session = Session(stills=(Still(Image.new("RGB", (2, 2)), Fraction(0), "33 %"),))
    session.stills_of = (session.cut, 2)
    assert len(session.still_of(2, 1)) == 1
    assert session.still_of(11, 0) == ()
    for part, number in ((11, 1), (2, 2)):
        with pytest.raises(SettingError, match="stills have changed"):
            session.still_of(part, number)


def test_an_undo_button_that_was_about_to_change_does_nothing(context: PageContext) -> None:
    session = Session()
    assert "progress" not in undo(context, session, 2, strings.UNDO.format(part=3), 3)


def test_words_from_files_and_people_are_escaped() -> None:
    entry = HistoryEntry("12:00:00", "1 of 2", "<script>alert(1)</script>", 1, "/srv/models/secret/tiny", 1.0)
    html = history_html([entry])
    assert "<script" not in html
    assert "/srv" not in html
    assert model_name("riffusion/riffusion-model-v1") == "riffusion/riffusion-model-v1"
    assert "00:" not in facts_html(None)


def test_controls_become_settings_and_say_what_is_wrong(context: PageContext) -> None:
    session = session_of(context)
    session.source = Path("clip.mp4")

    def generation(**values: Any) -> GenerationSettings:
        return order_for(context, session, 1, values, "piano", earlier=None).parts[0].generation

    own = context.settings.model_defaults("pocket")
    asked = generation(seed="", guidance_scale=None, num_inference_steps="", loudness="match", loudness_lufs=-16)
    wanted = GenerationSettings("piano", "", asked.seed, own.guidance_scale, own.num_inference_steps, own.scheduler)
    assert asked == wanted
    assert whole("Seed", "12") == whole("Seed", 12.0) == 12
    for seed in ("twelve", "1.5", "inf", "nan"):
        with pytest.raises(SettingError, match="must be a whole number"):
            generation(seed=seed)
    assert session.folder is not None
    text = session.folder / "seed.png"
    text.write_text("no picture")
    with pytest.raises(SettingError, match="cannot be read as a picture"):
        generation(seed_image=str(text))
    with pytest.raises(SettingError, match="not from this visit"):
        generation(seed_image="/etc/passwd")
    assert model_changed(context, "pocket")["num_inference_steps"] == own.num_inference_steps


def test_worker_tells_steps_then_the_result_or_the_error() -> None:
    def work(tell: Any) -> int:
        for step in range(3):
            tell(Progress("generate", step + 1, 3))
        return 7

    worker = Worker(work)
    assert [news.done for news in worker.events() if news] == [1, 2, 3]
    assert worker.result() == 7

    def fail(tell: Any) -> None:
        raise DubCancelled("Stopped.")

    with pytest.raises(DubCancelled):
        Worker(fail).result()


def test_one_estimate_for_the_whole_run_and_times_that_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("app.page.stages.time.monotonic", lambda: now[0])
    stages = Stages(began=100.0, expected={"mix": 3.0, "archive": 1.0})

    def step(at: float, stage: str, done: int, total: int) -> None:
        now[0] = at
        stages.add(Progress(stage, done, total))

    step(101, "split", 0, 1)
    step(102, "generate", 0, 10)
    assert "Warming up" in progress_html(stages)
    assert strings.TIME_UNKNOWN in progress_html(stages)
    step(107, "generate", 1, 10)
    step(109, "generate", 3, 10)
    html = progress_html(stages)
    assert "Making the music" in html
    # Seven steps of a second, and four seconds of what comes after; the five seconds of warm-up slow nothing down.
    assert "step 3 of 10 · about 11 s left · 9 s so far" in html
    assert 'aria-valuenow="45"' in html
    assert html.count("progressbar") == 1
    share = stages.share()
    step(110, "generate", 0, 10)
    assert stages.share() >= share
    step(111, "generate", 10, 10)
    step(112, "mix", 0, 1)
    assert "about 4 s left" in progress_html(stages)
    now[0] = 114
    stages.note("Part 2: Read as: calm.")
    assert "Read as: calm." in progress_html(stages)
    stages.end()
    assert stages.spent == {"split": 2.0, "load model": 5.0, "generate": 5.0, "mix": 2.0}
    assert sum(stages.spent.values()) == 14
    html = done_html("Part 2 has new music.", 3, (Fraction(5), Fraction(10)), stages)
    assert "It took 14 s" in html
    assert 'data-from="5.000" data-to="10.000"' in html
    assert seconds_text(200) == "3 min 20 s"
    assert "1 job is running. You are number 2 in the queue." in waiting_html(2, 1)


def a_job(flag: Path) -> Job:
    """A job of a tab."""
    return Job(flag, Order(Path("clip.mp4"), flag.parent / "out", 4), 1, ())


def test_cancel_reaches_a_waiting_and_a_running_job(tmp_path: Path) -> None:
    session = Session("anna", tmp_path)
    waiting = session.job = a_job(tmp_path / "stop1")
    assert "Stopped" in cancel(session, 1)["progress"]
    assert waiting.ended.is_set()
    running = session.job = a_job(tmp_path / "stop2")
    running.started.set()

    def work() -> None:
        while not running.flag.exists():
            time.sleep(0.01)
        running.ended.set()

    threading.Thread(target=work).start()
    began = time.monotonic()
    assert "Stopped" in cancel(session, 1)["progress"]
    assert time.monotonic() - began < 1


def test_watch_tells_the_place_and_ends_with_silence(tmp_path: Path) -> None:
    session = Session("anna", tmp_path)
    session.job = a_job(tmp_path / "stop1")
    session.said = "The last word."
    places = iter([(2, 1), (1, 1)])

    def place(_: str) -> tuple[int, int]:
        try:
            return next(places)
        except StopIteration:
            assert session.job is not None
            session.job.started.set()
            session.job.ended.set()
            return 0, 1

    async def all_of_it() -> list[Any]:
        return [updates async for updates in watch(session, place)]

    said = finish(all_of_it())
    assert ["number 2" in said[0]["waiting"], "number 1" in said[1]["waiting"]] == [True, True]
    assert said[-1] == {"waiting": "", "progress": "The last word."}


def test_gpu_time_follows_length_steps_and_takes() -> None:
    def seconds(length: float, steps: int, candidates: int = 1) -> int:
        settings = GenerationSettings("piano", num_inference_steps=steps, candidates=candidates)
        return gpu_seconds("riffusion", settings, round(length * 44100), 44100, Path("stop"))

    assert seconds(1, 1) == 30
    assert seconds(30, 25) < seconds(60, 25) < seconds(60, 50) < seconds(60, 50, 2)
    assert seconds(600, 100, 8) == 300


def test_shelf_loads_once_and_swaps(monkeypatch: pytest.MonkeyPatch, tiny_model: Any) -> None:
    loaded: list[str] = []

    def load_model(name: str, **_: Any) -> Any:
        loaded.append(name)
        return tiny_model

    monkeypatch.setattr("riffusion_inference.engines.load.load_model", load_model)
    monkeypatch.setattr(type(tiny_model), "unload", lambda _: loaded.append("unload"))
    shelf = ModelShelf(load_settings(None, {}, model="one"))
    assert shelf.news.state == "waiting"
    shelf.preload().join()
    assert (shelf.news.state, shelf.news.name) == ("ready", tiny_model.name)
    assert shelf.get("one") is shelf.get("one")
    shelf.get("two")
    assert loaded == ["one", "unload", "two"]


def test_only_the_last_of_many_keystrokes_is_read(context: PageContext) -> None:
    session = session_of(context)

    async def type_quickly() -> list[Any]:
        readings = []
        for text in ("sa", "sad", "sad harp"):
            edit_prompt(session, 1, text)
            readings.append(asyncio.ensure_future(read_draft(session, text, *UNSET.values())))
        return list(await asyncio.gather(*readings))

    first, second, last = finish(type_quickly())
    assert first == second == {}
    assert "Read as: sad, harp." in last["reading"]


def test_what_is_set_beside_the_prompt_is_read_instead_of_its_words() -> None:
    def read(text: str, **wishes: Any) -> str:
        return str(reading(text, [*{**UNSET, **wishes}.values()])["reading"])

    assert "Read as: happy, D minor, cello." in read("happy piano in C major", key="D minor", instruments=["cello"])
    assert "Read as: A minor, 92 BPM." in read("", key="A minor", bpm="92")
    assert strings.READING_EMPTY in read("   ")
    assert strings.READING_OWN in read("piano", midi="song.mid")
    assert strings.READING_OFF in read("piano", score="off")
    assert "Tempo in BPM" in read("piano", bpm="quick")
    assert "40 to 240" in read("piano", bpm="999")
    both = read("", instruments=["piano", "cello"], solo="solo")
    assert "Solo is for one instrument, but piano and cello are chosen" in both


def test_a_score_of_ones_own_is_looked_at_as_soon_as_it_is_there(context: PageContext) -> None:
    session = session_of(context)
    assert session.folder is not None
    own, wrong = session.folder / "song.mid", session.folder / "wrong.mid"
    notes = (ScoreNote(0, "lead", 73, 72, 480, 90), ScoreNote(480, "chords", 127, 60, 480, 90))
    own.write_bytes(midi_from_score(Score(notes, 3840)))
    wrong.write_bytes(b"this is no MIDI file")
    said = show_midi(context, session, str(own))["midi_news"]
    assert "2 bars; 4/4; 120 BPM; Lead: flute" in said
    assert "It lasts 4.0 s and is painted as it is" in said
    assert "program 128 is painted as" in said
    assert "<svg" in said
    problem = show_midi(context, session, str(wrong))["midi_news"]
    assert "wrong.mid" in problem
    assert problem.count("<p") == 1
    assert str(session.folder) not in problem
    assert show_midi(context, session, None)["midi_news"] == ""
    own.write_bytes(midi_from_score(Score((), 480)))
    assert "has no notes" in show_midi(context, session, str(own))["midi_news"]
    foreign = context.visitors.new_folder("bert") / "song.mid"
    foreign.write_bytes(own.read_bytes())
    assert "not from this visit" in show_midi(context, session, str(foreign))["midi_news"]


def test_picture_and_part_helpers() -> None:
    assert data_url(Image.new("RGB", (64, 32), "red"), 16).startswith("data:image/jpeg;base64,")
    parts = [Part(1, 0, 1, Fraction(0), Fraction(1, 3)), Part(2, 1, 2, Fraction(1, 3), Fraction(1))]
    assert part_lengths(parts) == "00:00.333 to 00:00.667"


def test_mcp_without_its_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from app.page.launch import launch

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"requirements-mcp\.txt"):
        launch(load_settings(None, {}, mcp_server=True, temporary_directory=tmp_path))


def test_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    from app.page.launch import launch

    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="TEMPORARY_DIRECTORY"):
        launch(load_settings(None, {}, temporary_directory=tmp_path / "file"))


def test_a_device_that_is_not_there_is_told_on_the_page_too(
    monkeypatch: pytest.MonkeyPatch, tiny_model: Any, real_clip: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("riffusion_inference.engines.load.load_model", lambda name, **_: tiny_model)
    monkeypatch.setattr("app.page.jobs.SHELVES", [])
    settings = load_settings(None, {}, device="cuda", model="tiny", num_inference_steps=1)
    context = PageContext(settings, Visitors(tmp_path / "page", quota_of(settings)), use_shelf(ModelShelf(settings)))
    session = session_of(context)
    session.source, session.folder = real_clip, tmp_path
    order = order_for(context, session, 1, {}, "piano", earlier=None)
    made = run_job(context, Job(tmp_path / "stop", order, 1, ()))
    assert len([note for note in made.manifest.notes if "No CUDA GPU was found" in note]) == 1
