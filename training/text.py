"""Stage `text`: a tokenizer, and a small CLIP text encoder that learns what captions say before any picture is seen."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from riffusion_inference.score.genres import GENRES
from riffusion_inference.score.instruments import INSTRUMENTS
from riffusion_inference.score.words import ARTICULATIONS, DENSITIES, DYNAMICS, MOODS
from training.captions import Caption, write_caption
from training.optimizer import Muon, warm_up_then_decay
from training.piece import FRAMES_PER_MINUTE, SECTIONS, Piece, draw_piece
from training.tokenizer import after_end_mask, tokenize, train_tokenizer
from training.wordnet import glosses, mood_neighbours

TEXTURES = ("melody", "arpeggio", "ostinato", "drone", "riff", "chords")
TEMPO_BINS = 28
NUMBERS = 0.35
"""Share of captions that are short and state a number."""
NUMBER_FORMS = (
    ("{bpm} BPM",),
    ("{genre}, {bpm} bpm", "genre"),
    ("{lead}, {bpm} BPM", "lead"),
    ("{mood} {genre} at {bpm} BPM", "mood", "genre"),
    ("steady rhythm at {bpm} BPM",),
    ("{bpm} beats per minute, {mood} {lead}", "mood", "lead"),
)
FRAME_WORDS = ("a video of {}", "{} in the picture", "scene with {}", "for a film about {}", "{}")


def attribute_classes() -> dict[str, tuple[str, ...]]:
    """Every attribute that a caption may state, and its values."""
    instruments = tuple(INSTRUMENTS)
    return {
        "genre": tuple(GENRES),
        "mood": tuple(MOODS),
        "lead": instruments,
        "chords": instruments,
        "bass": instruments,
        "mode": ("major", "minor"),
        "drums": ("no", "yes"),
        "texture": TEXTURES,
        "density": DENSITIES,
        "dynamics": DYNAMICS,
        "articulation": ARTICULATIONS,
        "section": SECTIONS,
        "tempo": tuple(str(place) for place in range(TEMPO_BINS)),
    }


def tempo_bin(bpm: float) -> int:
    """Which of TEMPO_BINS steps between 50 and 200 BPM, even in log tempo."""
    return int(np.clip(np.log(bpm / 50) / np.log(4) * TEMPO_BINS, 0, TEMPO_BINS - 1))


def labels(piece: Piece, caption: Caption) -> list[int]:
    """One class for each attribute, 0 where the caption does not say it."""
    values = {
        "mode": "minor" if piece.minor else "major",
        "drums": "yes" if piece.drums else "no",
        "tempo": str(tempo_bin(piece.bpm)),
    }
    row = []
    for name, classes in attribute_classes().items():
        value = values.get(name) or getattr(piece, name)
        row.append(1 + classes.index(value) if name in caption.says and value in classes else 0)
    return row


def new_text_encoder(tokenizer: Any, hidden: int, layers: int) -> Any:
    """Build the text encoder, untrained."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        projection_dim=hidden,
        num_hidden_layers=layers,
        num_attention_heads=max(hidden // 64, 1),
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


class Heads(nn.Module):
    """Reads every attribute from the mean over the end token and the padding after it; thrown away after training."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.sizes = [len(classes) + 1 for classes in attribute_classes().values()]
        self.linear = nn.Linear(hidden, sum(self.sizes) + 1)

    def forward(self, states: torch.Tensor, after_end: torch.Tensor) -> list[torch.Tensor]:
        """Return logits [B, classes + 1] for each attribute, and last the tempo [B, 1] in octaves above 50 BPM.

        Args:
            states: [B, L, hidden], what the text encoder says of each token.
            after_end: [B, L] in {0, 1}.
        """
        pooled = (states * after_end[..., None]).sum(1) / after_end.sum(1, keepdim=True)
        return list(self.linear(pooled).split([*self.sizes, 1], dim=1))


def text_loss(logits: list[torch.Tensor], target: torch.Tensor, octaves: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every attribute, plus the squared error of the tempo where one is stated.

    Args:
        logits: what Heads returns.
        target: classes [B, attributes].
        octaves: [B], log2(bpm / 50), NaN where the caption states no tempo.
    """
    entropies = [functional.cross_entropy(one, target[:, place]) for place, one in enumerate(logits[:-1])]
    stated = ~octaves.isnan()
    error = (logits[-1][:, 0] - octaves)[stated].square().sum() / len(octaves)
    return torch.stack(entropies).sum() + 8 * error


class CaptionSource:
    """Draws captions, some with rarer words for a mood and some with words that say nothing of music."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.neighbours = mood_neighbours(MOODS)
        self.noise = glosses(every=8) or ["a dog in the park"]

    def draw(self) -> tuple[str, list[int], float]:
        """Draw a caption, its labels and the tempo it states, in octaves above 50 BPM (NaN where it states none)."""
        piece = draw_piece(int(self.rng.integers(10**8)))
        if self.rng.random() < NUMBERS:
            return self._numbers(piece)
        if self.rng.random() < 0.3:
            # Any tempo with any genre, so that the number is read and not guessed.
            piece = replace(piece, beat_frames=FRAMES_PER_MINUTE / int(self.rng.integers(54, 188)))
        caption = write_caption(piece, self.rng)
        text, near = caption.text, self.neighbours[piece.mood]
        if near and "mood" in caption.says and self.rng.random() < 0.3:
            text = text.replace(piece.mood, near[int(self.rng.integers(len(near)))])
        if self.rng.random() < 0.25:
            words = self.noise[int(self.rng.integers(len(self.noise)))].split()
            extra = FRAME_WORDS[int(self.rng.integers(len(FRAME_WORDS)))].format(
                " ".join(words[: int(self.rng.integers(1, 7))])
            )
            text = f"{extra}, {text}" if self.rng.random() < 0.5 else f"{text}, {extra}"
        octaves = float(np.log2(piece.bpm / 50)) if "tempo" in caption.says else float("nan")
        return text, labels(piece, caption), octaves

    def _numbers(self, piece: Piece) -> tuple[str, list[int], float]:
        """Draw a short caption with any number of BPM: what three digits mean takes many examples."""
        bpm = int(self.rng.integers(50, 200))
        form, *says = NUMBER_FORMS[int(self.rng.integers(len(NUMBER_FORMS)))]
        text = form.format(bpm=bpm, genre=piece.genre, lead=piece.lead, mood=piece.mood)
        row = labels(piece, Caption(text, frozenset(says)))
        row[list(attribute_classes()).index("tempo")] = 1 + tempo_bin(bpm)
        return text, row, float(np.log2(bpm / 50))


def train_text(
    folder: Path,
    *,
    batch: int,
    max_seconds: float,
    max_steps: int = 10**9,
    vocabulary: int = 8192,
    hidden: int = 192,
    layers: int = 3,
    length: int = 64,
    device: str = "cpu",
) -> None:
    """Train tokenizer and text encoder; a stopped run goes on from text.pt.

    Args:
        folder: where they go.
        batch: captions in a step.
        max_seconds: whole length, which the rate's decay follows.
        max_steps: stop after so many steps.
        vocabulary: tokens.
        hidden: width.
        layers: depth.
        length: longest prompt in tokens.
        device: where it runs.
    """
    from transformers import CLIPTokenizer

    if (folder / "tokenizer").exists():
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    else:
        tokenizer = train_tokenizer(folder / "tokenizer", vocabulary, length)
    torch.manual_seed(0)
    encoder, heads = new_text_encoder(tokenizer, hidden, layers).to(device), Heads(hidden).to(device)
    optimizer = Muon([*encoder.parameters(), *heads.parameters()], rate=0.01, adam_rate=2e-3)
    state = {"steps": 0, "seconds": 0.0}
    if (folder / "text.pt").exists():
        saved = torch.load(folder / "text.pt", weights_only=True)
        encoder.load_state_dict(saved["encoder"])
        heads.load_state_dict(saved["heads"])
        optimizer.load_state_dict(saved["optimizer"])
        state = dict(saved["state"])
    source, last, done = CaptionSource(1 + int(state["steps"])), time.monotonic(), 0
    while state["seconds"] < max_seconds and state["steps"] < max_steps:
        optimizer.scale = warm_up_then_decay(
            int(state["steps"]), max(state["seconds"] / max_seconds, state["steps"] / max_steps)
        )
        loss = text_step(source, tokenizer, encoder, heads, batch, device)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        now = time.monotonic()
        state, last, done = {"steps": state["steps"] + 1, "seconds": state["seconds"] + now - last}, now, done + 1
        if done % 50 == 0:
            print(f"text: step {state['steps']} loss {loss.item():.3f} {state['seconds']:.0f} s", flush=True)
    if done:
        everything = {
            "encoder": encoder.state_dict(),
            "heads": heads.state_dict(),
            "optimizer": optimizer.state_dict(),
            "state": state,
        }
        torch.save(everything, folder / "text.pt")
        encoder.eval()
        accuracy = measure_text(tokenizer, encoder, heads, 512 if state["steps"] > 100 else 32, length, device)
        (folder / "text.json").write_text(json.dumps(accuracy, indent=2))
        print("text: accuracy where said", {name: round(value, 3) for name, value in accuracy.items()}, flush=True)
        encoder.save_pretrained(folder / "text_encoder")


def text_step(
    source: CaptionSource, tokenizer: Any, encoder: Any, heads: Heads, batch: int, device: str
) -> torch.Tensor:
    """Draw captions and return their loss; most batches are cut to the longest caption, some keep the full padding."""
    texts, rows, octaves = zip(*(source.draw() for _ in range(batch)), strict=True)
    ids = tokenize(tokenizer, list(texts), tokenizer.model_max_length).to(device)
    if source.rng.random() < 0.8:
        used = int((ids != tokenizer.eos_token_id).sum(1).max()) + 1
        ids = ids[:, : min(8 * -(-(used + 1) // 8), ids.shape[1])]
    logits = heads(encoder(ids).last_hidden_state, after_end_mask(ids, tokenizer.eos_token_id))
    return text_loss(logits, torch.tensor(rows, device=device), torch.tensor(octaves, device=device))


@torch.no_grad()
def measure_text(
    tokenizer: Any, encoder: Any, heads: Heads, n_captions: int, length: int, device: str
) -> dict[str, float]:
    """Return the share of stated attributes that can be read back, on captions not seen before."""
    source = CaptionSource(999)
    texts, rows, octaves = zip(*(source.draw() for _ in range(n_captions)), strict=True)
    ids = tokenize(tokenizer, list(texts), length).to(device)
    logits = heads(encoder(ids).last_hidden_state, after_end_mask(ids, tokenizer.eos_token_id))
    target = torch.tensor(rows, device=device)
    result = {}
    for place, name in enumerate(attribute_classes()):
        said = target[:, place] > 0
        if said.any():
            result[name] = float((logits[place].argmax(1)[said] == target[said, place]).float().mean())
    error = (logits[-1][:, 0] - torch.tensor(octaves, device=device)).abs()
    result["tempo within 8 %"] = float((error[~error.isnan()] < np.log2(1.08)).float().mean())
    return result
