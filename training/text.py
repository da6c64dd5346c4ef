"""Stage `text`: a tokenizer, and a small CLIP text encoder that learns what captions say before any picture is seen."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.captions import Caption, write_caption
from training.genres import GENRES
from training.instruments import INSTRUMENTS
from training.optimizer import Muon, warm_up_then_decay
from training.piece import ARTICULATIONS, DENSITIES, DYNAMICS, MOODS, SECTIONS, Piece, draw_piece
from training.wordnet import glosses, mood_neighbours

START, END = "<|startoftext|>", "<|endoftext|>"
TEXTURES = ("melody", "arpeggio", "ostinato", "drone", "riff", "chords")
TEMPO_BINS = 14
FRAME_WORDS = ("a video of {}", "{} in the picture", "scene with {}", "for a film about {}", "{}")


def attribute_classes() -> dict[str, tuple[str, ...]]:
    """Every attribute that a caption may state, and its values."""
    instruments = tuple(INSTRUMENTS)
    return {
        "genre": tuple(GENRES), "mood": tuple(MOODS), "lead": instruments, "chords": instruments, "bass": instruments,
        "mode": ("major", "minor"), "drums": ("no", "yes"), "texture": TEXTURES, "density": DENSITIES, "dynamics": DYNAMICS,
        "articulation": ARTICULATIONS, "section": SECTIONS, "tempo": tuple(str(place) for place in range(TEMPO_BINS)),
    }  # fmt: skip


def tempo_bin(bpm: float) -> int:
    """Which of TEMPO_BINS steps between 50 and 200 BPM, even in log tempo."""
    return int(np.clip(np.log(bpm / 50) / np.log(4) * TEMPO_BINS, 0, TEMPO_BINS - 1))


def labels(piece: Piece, caption: Caption) -> list[int]:
    """One class for each attribute, 0 where the caption does not say it."""
    values = {"mode": "minor" if piece.minor else "major", "drums": "yes" if piece.drums else "no", "tempo": str(tempo_bin(piece.bpm))}
    row = []
    for name, classes in attribute_classes().items():
        value = values.get(name) or getattr(piece, name)
        row.append(1 + classes.index(value) if name in caption.says and value in classes else 0)
    return row


def train_tokenizer(folder: Path, vocabulary: int, length: int) -> Any:
    """Train a CLIP tokenizer on captions and plain English; any text can be encoded, letter by letter if need be."""
    from tokenizers import trainers
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    rng = np.random.default_rng(0)
    texts = [write_caption(draw_piece(seed), rng).text for seed in range(20000 if vocabulary > 2000 else 500)]
    texts += glosses(every=2 if vocabulary > 2000 else 400)
    backend = CLIPTokenizer().backend_tokenizer
    trainer = trainers.BpeTrainer(vocab_size=vocabulary - 2, special_tokens=[], initial_alphabet=ByteLevel.alphabet(),
                                  end_of_word_suffix="</w>", show_progress=False)  # fmt: skip
    backend.train_from_iterator(texts, trainer)
    model = json.loads(backend.to_str())["model"]
    vocab = {token: index for token, index in model["vocab"].items() if token not in (START, END)}
    vocab = {token: index for index, token in enumerate(sorted(vocab, key=vocab.__getitem__))}
    for letter in sorted(ByteLevel.alphabet()):
        vocab.setdefault(letter + "</w>", len(vocab))
    vocab[START], vocab[END] = len(vocab), len(vocab) + 1
    merges = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in model["merges"]]
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=length)
    tokenizer.save_pretrained(folder)
    return tokenizer


def new_text_encoder(tokenizer: Any, hidden: int, layers: int) -> Any:
    """Build the text encoder, untrained."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=hidden, intermediate_size=3 * hidden, projection_dim=hidden,
        num_hidden_layers=layers, num_attention_heads=max(hidden // 64, 1), max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return CLIPTextModel(config)


class Heads(nn.Module):
    """Reads every attribute from the mean over the end token and the padding after it; thrown away after training."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.sizes = [len(classes) + 1 for classes in attribute_classes().values()]
        self.linear = nn.Linear(hidden, sum(self.sizes))

    def forward(self, states: torch.Tensor, after_end: torch.Tensor) -> list[torch.Tensor]:
        """Return logits [B, classes + 1] for each attribute; states [B, L, hidden], after_end [B, L] in {0, 1}."""
        pooled = (states * after_end[..., None]).sum(1) / after_end.sum(1, keepdim=True)
        return list(self.linear(pooled).split(self.sizes, dim=1))


class CaptionSource:
    """Draws captions, some with rarer words for a mood and some with words that say nothing of music."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.neighbours = mood_neighbours(MOODS)
        self.noise = glosses(every=8) or ["a dog in the park"]

    def draw(self) -> tuple[str, list[int]]:
        """Draw a caption and its labels."""
        piece = draw_piece(int(self.rng.integers(10**8)))
        caption = write_caption(piece, self.rng)
        text, near = caption.text, self.neighbours[piece.mood]
        if near and "mood" in caption.says and self.rng.random() < 0.3:
            text = text.replace(piece.mood, near[int(self.rng.integers(len(near)))])
        if self.rng.random() < 0.25:
            words = self.noise[int(self.rng.integers(len(self.noise)))].split()
            extra = FRAME_WORDS[int(self.rng.integers(len(FRAME_WORDS)))].format(" ".join(words[: int(self.rng.integers(1, 7))]))
            text = f"{extra}, {text}" if self.rng.random() < 0.5 else f"{text}, {extra}"
        return text, labels(piece, caption)


def tokenize(tokenizer: Any, texts: list[str], length: int) -> torch.Tensor:
    """Encode to [B, length] token ids: start, text, end, then padding with the end token."""
    encoded = tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
    return torch.as_tensor(encoded.input_ids)


def after_end_mask(ids: torch.Tensor, end: int) -> torch.Tensor:
    """Return [B, L] float: 1 at the first end token and after it."""
    return ((ids == end).cumsum(1) > 0).float()


def train_text(folder: Path, *, steps: int, batch: int, vocabulary: int = 8192, hidden: int = 192, layers: int = 3,
               length: int = 64, device: str = "cpu", max_seconds: float = 1e9) -> None:  # fmt: skip
    """Train tokenizer and text encoder and write them to folder/tokenizer and folder/text_encoder; skipped when there.

    Args:
        folder: where they go.
        steps: optimizer steps.
        batch: captions in a step.
        vocabulary: tokens.
        hidden: width.
        layers: depth.
        length: longest prompt in tokens.
        device: where it runs.
        max_seconds: stop early after this time.
    """
    if (folder / "text_encoder" / "config.json").exists():
        return
    tokenizer = train_tokenizer(folder / "tokenizer", vocabulary, length)
    torch.manual_seed(0)
    encoder = new_text_encoder(tokenizer, hidden, layers).to(device)
    heads = Heads(hidden).to(device)
    optimizer = Muon([*encoder.parameters(), *heads.parameters()], rate=0.01, adam_rate=2e-3)
    source, rng, began = CaptionSource(1), np.random.default_rng(2), time.monotonic()
    for step in range(steps):
        place = max(step / steps, (time.monotonic() - began) / max_seconds)
        if place >= 1:
            break
        optimizer.scale = warm_up_then_decay(step, place)
        texts, rows = zip(*(source.draw() for _ in range(batch)), strict=True)
        ids = tokenize(tokenizer, list(texts), length).to(device)
        if rng.random() < 0.7:
            used = int((ids != tokenizer.eos_token_id).sum(1).max()) + 1
            ids = ids[:, : min(8 * -(-(used + 1) // 8), length)]
        states = encoder(ids).last_hidden_state
        logits = heads(states, after_end_mask(ids, tokenizer.eos_token_id))
        target = torch.tensor(rows, device=device)
        losses = [functional.cross_entropy(one, target[:, place]) for place, one in enumerate(logits)]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"text: step {step} loss {sum(float(loss) for loss in losses):.3f} {time.monotonic() - began:.0f} s", flush=True)
    encoder.eval()
    accuracy = measure_text(tokenizer, encoder, heads, 512 if steps > 100 else 32, length, device)
    (folder / "text.json").write_text(json.dumps(accuracy, indent=2))
    print("text: accuracy where said", {name: round(value, 3) for name, value in accuracy.items()}, flush=True)
    encoder.save_pretrained(folder / "text_encoder")


@torch.no_grad()
def measure_text(tokenizer: Any, encoder: Any, heads: Heads, n_captions: int, length: int, device: str) -> dict[str, float]:
    """Return the share of stated attributes that can be read back, on captions not seen before."""
    source = CaptionSource(999)
    texts, rows = zip(*(source.draw() for _ in range(n_captions)), strict=True)
    ids = tokenize(tokenizer, list(texts), length).to(device)
    logits = heads(encoder(ids).last_hidden_state, after_end_mask(ids, tokenizer.eos_token_id))
    target = torch.tensor(rows, device=device)
    result = {}
    for place, name in enumerate(attribute_classes()):
        said = target[:, place] > 0
        if said.any():
            result[name] = float((logits[place].argmax(1)[said] == target[said, place]).float().mean())
    return result
