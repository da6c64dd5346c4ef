"""From a picture to a music prompt: which frames to look at, what they look like, and words for it."""

from .describe import DESCRIBERS, MoodSuggestion, suggest
from .follow import followed
from .frames import Still, stills
from .strip import draw_strip
from .watch import Watched, watch

__all__ = [
    "DESCRIBERS",
    "MoodSuggestion",
    "Still",
    "Watched",
    "draw_strip",
    "followed",
    "stills",
    "suggest",
    "watch",
]
