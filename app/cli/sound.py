"""What the commands without a video do: generate, invert, spectrogram."""

from __future__ import annotations

import argparse
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import (
    MAX_SECONDS,
    MIN_SECONDS,
    Progress,
    SpectrogramParams,
    Take,
    Waveform,
    check_range,
)
from riffusion_inference.score.midi import MidiReading

from .. import media
from ..dub.build_order import part_order
from ..dub.music import paint
from ..dub.run import Run
from ..files import write_errors, written_together
from ..models import ModelShelf
from ..settings.options import MAX_LOUDNESS_LUFS, MIN_LOUDNESS_LUFS
from ..soundtrack.mix import bring_to, measure
from .terminal import ProgressLines, StopSwitch
from .usage import UsageError, check_new_file, given_options, print_json, settings_of, wrong_usage

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 8000, 192_000
RAW = "raw"


def generate_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """generate: takes as WAV, and their images."""
    settings = settings_of(args)
    lines = ProgressLines()
    with wrong_usage():
        target_lufs = _loudness(args.level)
        if args.sample_rate is not None:
            check_range("Sample rate in Hz", args.sample_rate, MIN_SAMPLE_RATE, MAX_SAMPLE_RATE)
    check_new_file(args.out, args.force, ".wav")
    if args.image is not None:
        check_new_file(args.image, args.force, ".png")
    given = given_options(args, settings)
    length = _length(args.seconds, given.get("midi"))
    run = Run(settings, lines.show, stop.should_cancel, lines.note)
    with ModelShelf(settings) as models:
        with wrong_usage():
            order = part_order(1, args.prompt, given, settings, models)
        for number in range(2, order.generation.candidates + 1):
            check_new_file(numbered(args.out, number), args.force, ".wav")
        with run.stage("load model"):
            model = models.get(order.model)
            run.note(models.note)
        sample_rate = args.sample_rate or model.sample_rate
        with run.stage("generate"):
            takes, _ = paint(order, model, round(length * sample_rate), sample_rate, run)
    run.note(*(note for take in takes for note in take.notes))
    takes = [_leveled(take, target_lufs) for take in takes]
    with written_together() as hidden:
        for number, take in enumerate(takes, 1):
            media.write_wav(hidden(numbered(args.out, number)), take.waveform)
            if args.image is not None:
                if take.image is None:
                    raise UsageError(f"{model.name} paints no spectrogram image: leave --image out.")
                _save_image(take.image, hidden(numbered(args.image, number)))
    lines.close()
    _report_takes(args, takes, model.name, model.licence, run)
    return 0


def _length(seconds: Fraction | None, midi: MidiReading | None) -> Fraction:
    """How long the music is: as it was typed, or as the score is."""
    if seconds is None and midi is None:
        raise UsageError("generate needs --seconds, or --midi whose length it takes.")
    length = seconds if seconds is not None else midi.score.duration if midi is not None else Fraction(0)
    with wrong_usage():
        check_range("Seconds", float(length), MIN_SECONDS, MAX_SECONDS)
    return length


def numbered(path: Path, number: int) -> Path:
    """The file of a take: the first has the name given, the second is FILE.take2.wav."""
    return path if number == 1 else path.with_name(f"{path.stem}.take{number}{path.suffix}")


def _save_image(image: Any, path: Path) -> None:
    from riffusion_inference.spectrogram.image import save_image

    with write_errors(path):
        save_image(image, path)


def _loudness(text: str) -> float | None:
    """LUFS, or None for raw."""
    if text == RAW:
        return None
    try:
        lufs = float(text)
    except ValueError as error:
        raise UsageError(f"--loudness is {text!r}: write a number of LUFS such as -16, or raw.") from error
    check_range("Loudness in LUFS", lufs, MIN_LOUDNESS_LUFS, MAX_LOUDNESS_LUFS)
    return lufs


def _leveled(take: Take, target_lufs: float | None) -> Take:
    if target_lufs is None:
        return take
    rate = take.waveform.sample_rate
    return replace(take, waveform=Waveform(bring_to(take.waveform.samples, rate, target_lufs), rate))


def _report_takes(args: argparse.Namespace, takes: list[Take], model: str, licence: str, run: Run) -> None:
    rows = []
    for number, take in enumerate(takes, 1):
        lufs, peak = measure(take.waveform)
        rows.append(
            {
                "wav": str(numbered(args.out, number)),
                "image": str(numbered(args.image, number)) if args.image is not None else None,
                "seed": take.seed,
                "n_samples": take.waveform.n_samples,
                "sample_rate": take.waveform.sample_rate,
                "n_channels": take.waveform.n_channels,
                "loudness_lufs": None if lufs is None else round(lufs, 2),
                "true_peak_dbtp": None if peak is None else round(peak, 2),
            }
        )
    if args.json:
        facts = {"model": model, "licence": licence, "seconds_per_stage": run.seconds, "notes": run.notes}
        print_json({"takes": rows, **facts})
        return
    for row in rows:
        print(f"{row['wav']}   seed {row['seed']}, {row['n_samples']} samples at {row['sample_rate']} Hz")


def params_of(args: argparse.Namespace, model: str, device: str) -> SpectrogramParams | None:
    """How the model that was named paints its images; None where none was named."""
    if args.model is None:
        return None
    from riffusion_inference.diffusion.checkpoints import read_params, resolve_checkpoint
    from riffusion_inference.engines.load import full_name

    return read_params(resolve_checkpoint(full_name(model, device)))


def invert_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """invert: a spectrogram image to sound, at the level its EXIF states."""
    from riffusion_inference.devices import choose_device
    from riffusion_inference.spectrogram.image import mel_from_image
    from riffusion_inference.spectrogram.inversion import waveform_from_mel

    settings = settings_of(args)
    lines = ProgressLines()
    check_new_file(args.out, args.force, ".wav")
    spectrogram = mel_from_image(media.read_image(args.image), params_of(args, settings.model, settings.device))
    device, note = choose_device(settings.device)
    if note:
        lines.note(note)
    waveform = waveform_from_mel(spectrogram, device=device, on_progress=lines.show, should_cancel=stop.should_cancel)
    with written_together() as hidden:
        media.write_wav(hidden(args.out), waveform)
    lines.close()
    facts = {"n_samples": waveform.n_samples, "sample_rate": waveform.sample_rate, "n_channels": waveform.n_channels}
    if args.json:
        print_json({"wav": str(args.out), **facts})
    else:
        print(f"{args.out}   {facts['n_samples']} samples at {facts['sample_rate']} Hz")
    return 0


def spectrogram_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """spectrogram: sound to an image with EXIF."""
    from riffusion_inference.resampling import resample
    from riffusion_inference.spectrogram.image import image_from_mel
    from riffusion_inference.spectrogram.mel import mel_from_waveform

    settings = settings_of(args)
    lines = ProgressLines()
    check_new_file(args.out, args.force, ".png")
    params = params_of(args, settings.model, settings.device) or SpectrogramParams()
    params = replace(params, stereo=args.stereo)
    lines.show(Progress("spectrogram", 0, 1))
    waveform = resample(media.read_audio(args.audio), params.sample_rate)
    image = image_from_mel(mel_from_waveform(waveform, params))
    with written_together() as hidden:
        _save_image(image, hidden(args.out))
    lines.show(Progress("spectrogram", 1, 1))
    lines.close()
    if args.json:
        print_json({"image": str(args.out), "width": image.width, "height": image.height, **params.to_dict()})
    else:
        print(f"{args.out}   {image.width} x {image.height} pixels")
    return 0
