"""What image models are asked, and what becomes of their answers."""

from __future__ import annotations

import re

from ..errors import MoodError

MAX_WORDS = 29
"""A prompt stays under 30 words."""
INSTRUCTION = (
    "Suggest background music that fits these pictures of a video. Answer in under 30 words with nothing but the "
    "description of the music: its atmosphere, its rhythm, and its melody with instruments."
)
"""What the image models are asked, after Audiv's idea: atmosphere, rhythm and melody in under 30 words."""

REFUSAL = re.compile(
    r"\b(i'?m sorry|i am sorry|i can'?t|i cannot|unable to|as an ai|i do not have|i don'?t have)\b", re.IGNORECASE
)
OPENING = re.compile(
    r"^(?:assistant\s*:|answer\s*:|(?:sure|certainly|of course)[,!.]?|"
    r"(?:here(?:'s| is| are)|a fitting|the (?:fitting |background )*music (?:could|would|should|might|is))[^:.]*:)\s*",
    re.IGNORECASE,
)
MIN_WORDS = 3


def clean_answer(answer: str, model: str) -> str:
    """Check an image model's answer and cut it to under 30 words.

    Args:
        answer: as the model wrote it.
        model: its name, for the sentence.
    Raises:
        MoodError: it is empty, hardly a word, or a refusal.
    """
    text = " ".join(answer.split()).strip(" \"'`*“”")
    while (shorter := OPENING.sub("", text).strip(" \"'`*“”")) != text:
        text = shorter
    words = re.findall(r"[^\W\d_]{2,}", text)
    if len(words) < MIN_WORDS or len({word.lower() for word in words}) < MIN_WORDS or REFUSAL.search(text):
        shown = f"{text[:60]!r}" if text else "nothing"
        raise MoodError(
            f"The image model {model} answered {shown}, which describes no music: choose other pictures, another image "
            "model, or the palette describer."
        )
    return trim_words(text, MAX_WORDS)


def trim_words(text: str, most: int) -> str:
    """At most this many words, cut after the last sentence or phrase that fits where there is one.

    >>> trim_words("one two, three four five", 4)
    'one two'
    """
    words = text.split()
    if len(words) > most:
        words = words[:most]
        ends = [i for i, word in enumerate(words) if word[-1] in ".,;:"]
        if ends and ends[-1] + 1 >= most // 2:
            words = words[: ends[-1] + 1]
    return " ".join(words).rstrip(" .,;:")
