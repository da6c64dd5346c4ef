"""Neighbours of words, read from WordNet's dictionary files where they are installed (Debian's wordnet-base)."""

from __future__ import annotations

import re
from pathlib import Path

WORDNET = Path("/usr/share/wordnet")


def _synsets(path: Path) -> dict[str, tuple[list[str], list[str], str]]:
    """Read a data file: offset -> (words, offsets of similar synsets, gloss)."""
    synsets = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith("  "):
            continue
        facts, _, gloss = line.partition(" | ")
        fields = facts.split()
        n_words = int(fields[3], 16)
        words = [re.sub(r"\(.*\)", "", fields[4 + 2 * place]).replace("_", " ") for place in range(n_words)]
        pointers = fields[5 + 2 * n_words :]
        similar = [pointers[at + 1] for at in range(0, len(pointers) - 3, 4) if pointers[at] == "&"]
        synsets[fields[0]] = (words, similar, gloss.split(";")[0].strip())
    return synsets


def mood_neighbours(moods: dict[str, tuple[str, ...]], folder: Path = WORDNET) -> dict[str, tuple[str, ...]]:
    """Find more words for each mood: its synonyms, and the words of similar synsets.

    Args:
        moods: mood -> words for it.
        folder: WordNet's dictionary files.
    Returns:
        mood -> words that only this mood has; empty where WordNet is not installed.
    """
    path = folder / "data.adj"
    if not path.exists():
        return dict.fromkeys(moods, ())
    synsets = _synsets(path)
    found: dict[str, set[str]] = {}
    for mood, words in moods.items():
        found[mood] = set()
        for members, similar, _ in synsets.values():
            if members[0] == mood or (members[0] in words and len(members) > 1):
                found[mood].update(members)
                for offset in similar:
                    found[mood].update(synsets.get(offset, ([], [], ""))[0])
    counts: dict[str, int] = {}
    for near in found.values():
        for word in near:
            counts[word] = counts.get(word, 0) + 1
    stated = {word for words in moods.values() for word in words} | set(moods)
    return {mood: tuple(sorted(w for w in near if counts[w] == 1 and w not in stated)) for mood, near in found.items()}


def glosses(folder: Path = WORDNET, *, every: int = 8) -> list[str]:
    """Read every n-th definition: plain English for the tokenizer and for words that mean nothing to music."""
    texts = []
    for name in ("data.noun", "data.verb", "data.adj"):
        if (folder / name).exists():
            texts += [gloss for _, _, gloss in _synsets(folder / name).values()][::every]
    return texts
