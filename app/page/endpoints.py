"""The page's functions for programs and agents: plain values in, files and facts out.

A client keeps its session between calls, so that a second dub keeps the first, as on the page. Each docstring's Args
are what the page's API view and an agent read.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from riffusion_inference.errors import RiffusionError

from ..dub import story as dubbing
from ..media import Clip, explain_split
from ..result.manifest import read_manifest
from ..result.results import DubResult
from . import strings
from .cards import facts, time_range
from .input import checked_probe, model_changed
from .jobs import GpuModel, Job, ModelShelf
from .order import Controls, Look, dub_settings
from .run import remember, suggest_for
from .session import Desk, Session, sentence

Facts = dict[str, Any]


class Api:
    """The endpoints, bound to the settings and the loaded checkpoint."""

    def __init__(self, desk: Desk, shelf: ModelShelf) -> None:
        self._desk = desk
        self._shelf = shelf

    def probe(self, request: gr.Request, session: Session, video: str) -> Facts:
        """Tell a video's duration, size, frame rate, sound and keyframes.

        Args:
            video: the video file.
        """
        with _told():
            self._open(session, request, video)
            assert session.clip is not None
            return clip_facts(session.clip)

    def split(
        self, request: gr.Request, session: Session, video: str, n_parts: float = 4, split_mode: str = "exact"
    ) -> tuple[list[str], Facts]:
        """Cut a video into equal parts; returns the files in order, and what was done.

        Args:
            video: the video file.
            n_parts: how many parts, 1 to the number of frames.
            split_mode: exact (nothing re-encoded), reencode, or keyframe.
        """
        with _told():
            self._open(session, request, video, n_parts, split_mode)
            assert session.source is not None
            result = dubbing.split_only(
                session.source,
                session.new_run_folder(),
                session.n_parts,
                session.split_mode,
                app_settings=self._desk.settings,
            )
            return [str(path) for path in result.parts], result_facts(result)

    def suggest(
        self,
        request: gr.Request,
        session: Session,
        video: str,
        n_parts: float = 4,
        part: float = 1,
        describer: str = "palette",
    ) -> Facts:
        """Look at a part of a video and suggest a prompt for fitting music.

        Args:
            video: the video file.
            n_parts: how many equal parts the video has.
            part: which part to look at, 1 for the first.
            describer: palette (at once), vlm (a vision-language model), replicate (needs a token), or auto.
        """
        with _told():
            self._open(session, request, video, n_parts, "exact", part)
            assert session.source is not None
            assert session.chosen is not None
            mood = suggest_for(self._desk, Look(session.source, session.chosen, describer), None, None)
            words = {"prompt": mood.prompt, "bpm": mood.bpm, "saw": mood.saw}
            return {**words, "describer": mood.describer, "notes": list(mood.notes)}

    def dub(
        self,
        request: gr.Request,
        session: Session,
        video: str,
        prompt: str,
        n_parts: float = 4,
        part: float = 1,
        split_mode: str = "exact",
        negative_prompt: str = "",
        model: str = "",
        scheduler: str = "",
        guidance_scale: float | None = None,
        num_inference_steps: float | None = None,
        seed: float | None = None,
        candidates: float = 1,
        sound_mode: str = "replace",
        music_gain_db: float = -12.0,
        loudness_lufs: float | None = None,
        seed_image: str | None = None,
        seed_audio: str | None = None,
        strength: float = 0.6,
        loop: bool = False,
    ) -> tuple[str | None, str, Facts]:
        """Make new music for one part of a video; returns the film, the music alone, and a report.

        Args:
            video: the video file.
            prompt: what the music should be; empty looks at the part and finds one.
            n_parts: how many equal parts the video is cut into.
            part: which part gets the music, 1 for the first.
            split_mode: exact, reencode or keyframe.
            negative_prompt: what the music should not be.
            model: auto, pocket, riffusion, audioldm, audioldm2 or replicate; empty takes the page's own.
            scheduler: dpm++, ddim, euler, euler_a, heun or unipc; empty takes what suits the model.
            guidance_scale: how closely the prompt is followed, 0 to 45; none takes what suits the model.
            num_inference_steps: denoising steps, 1 to 100; none takes what suits the model.
            seed: 0 to 4294967295; none draws one, and the report names it.
            candidates: takes to make, 1 to 8; the first is laid in.
            sound_mode: replace, under or duck.
            music_gain_db: for under and duck, the music's level below the original sound, -40 to 0.
            loudness_lufs: level of the part, -40 to -6; none matches the original.
            seed_image: a spectrogram image to start from.
            seed_audio: a sound to start from.
            strength: with a seed, 0 keeps it and 1 ignores it.
            loop: the end of the music meets its start.
        """
        with _told():
            self._open(session, request, video, n_parts, split_mode, part)
            given = {k: v for k, v in locals().items() if k in Controls.__dataclass_fields__ and v not in (None, "")}
            given["loudness"] = "match" if loudness_lufs is None else "fixed"
            settings = self._desk.settings
            values = {"model": settings.model, **model_changed(settings, model or settings.model), **given}
            return self._dub(session, Controls(**values), prompt)

    def archive(self, request: gr.Request, session: Session) -> str:
        """Give the zip of this client's latest film: parts, music, spectrograms, film and manifest."""
        with _told():
            self._desk.open(session, request)
            if session.result is None or session.result.archive is None:
                raise gr.Error(strings.NO_RESULT)
            return str(session.result.archive)

    def _open(
        self,
        session: Session,
        request: gr.Request,
        video: str,
        n_parts: float = 1,
        split_mode: str = "exact",
        part: float = 1,
    ) -> None:
        """Set the session to this video, keeping earlier dubs of the same cut."""
        self._desk.open(session, request)
        source = self._desk.visitors.own(session.visitor, video)
        session.clip = checked_probe(source, self._desk.settings)
        session.source, session.n_parts, session.part = source, int(n_parts), int(part)
        session.split_mode = split_mode  # type: ignore[assignment]
        session.plan = explain_split(session.clip, session.n_parts, session.split_mode)

    def _dub(self, session: Session, controls: Controls, prompt: str) -> tuple[str | None, str, Facts]:
        assert session.source is not None
        assert session.folder is not None
        if not prompt.strip() and session.chosen is not None:
            look = Look(session.source, session.chosen, self._desk.settings.describer)
            prompt = suggest_for(self._desk, look, None, None).prompt
        settings = dub_settings(self._desk, session, controls, prompt)
        out_dir = session.new_run_folder()
        job = session.job = Job(session.folder / f"stop{session.n_runs}")
        job.started.set()
        try:
            session.result = dubbing.dub(
                session.source,
                out_dir,
                settings,
                model=GpuModel(controls.model, self._shelf.get(controls.model), job.flag),
                model_name=controls.model,
                app_settings=self._desk.settings,
                previous=session.result.manifest if session.result and session.result_of == session.cut else None,
                should_cancel=job.should_cancel,
            )
        finally:
            job.ended.set()
        session.result_of = session.cut
        report = result_facts(session.result)
        remember(session, session.part, sum(session.result.seconds_per_stage.values()))
        film = str(session.result.film) if session.result.film else None
        music = next(str(music.wav) for music in session.result.music if music.part == session.part)
        return film, music, report


class _told:
    """Turns our sentences into the error that clients see; other errors stay in the server's log."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RiffusionError):
            raise gr.Error(sentence(error), print_exception=False) from error


def clip_facts(clip: Clip) -> Facts:
    """A probe's findings as JSON."""
    return {
        "duration_seconds": float(clip.duration),
        "n_frames": clip.n_frames,
        "frame_rate": float(clip.frame_rate),
        "width": clip.width,
        "height": clip.height,
        "video_codec": clip.video_codec,
        "sample_rate": clip.sample_rate,
        "n_channels": clip.n_channels,
        "keyframes": len(clip.keyframes),
        "summary": ", ".join(facts(clip)),
    }


def result_facts(result: DubResult) -> Facts:
    """A result's manifest in short, as JSON, without paths on the server."""
    manifest = read_manifest(result.manifest)
    return {
        "split_mode": manifest.split_used,
        "parts": [time_range(start, end) for start, end in result.times],
        "dubs": [
            {
                "part": dub.part,
                "prompt": dub.prompt,
                "seed": dub.takes[dub.take - 1].seed,
                "model": dub.model,
                "licence": dub.licence,
                "loudness_lufs": dub.loudness_lufs,
            }
            for dub in manifest.dubs
        ],
        "seconds_per_stage": dict(result.seconds_per_stage),
        "notes": list(result.notes),
    }
