"""From a picture to a music prompt: which frames to look at, what they look like, and words for it."""

from .describe import DESCRIBERS, MoodSuggestion, suggest
from .frames import Still, stills
from .tempo import Tempo, fit_tempo

__all__ = ["DESCRIBERS", "MoodSuggestion", "Still", "Tempo", "fit_tempo", "stills", "suggest"]
