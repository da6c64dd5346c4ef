"""Music made with the embedded checkpoint keeps its beat, and for a part of whole bars ends on one."""

from __future__ import annotations

from riffusion_inference import GenerationSettings, load_model
from riffusion_inference.takes.beats import beats_off, find_pulse
from riffusion_inference.takes.tempo_hold import hold_takes, samples_to_make


def test_two_bars_of_techno_end_on_one() -> None:
    model = load_model("pocket", device="cpu")
    settings = GenerationSettings(
        "dark, hypnotic atmosphere; fast steady rhythm at 120 BPM; crystal synth arpeggios, techno, drums, minor key",
        seed=1,
        guidance_scale=4.0,
        num_inference_steps=12,
        bpm=120.0,
    )
    n_samples = 4 * model.sample_rate
    made = model.generate(settings, samples_to_make(settings, n_samples, model.sample_rate), model.sample_rate)
    take = hold_takes(made, settings, n_samples)[0]
    assert take.waveform.n_samples == n_samples
    assert "to 120.0 BPM" in take.notes[0]
    assert abs(find_pulse(take.waveform, 108, 132).bpm - 120) < 1
    # The last two beats lie on the grid that began with the part: the next beat is the bar line at its end.
    assert abs(beats_off(take.waveform, 120, start=3.0)) < 0.1
    model.unload()
