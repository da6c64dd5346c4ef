"""From a picture to a music prompt: which frames to look at, what they look like, and words for it."""

from app.mood.describe import DESCRIBERS, MoodSuggestion, suggest
from app.mood.frames import Still, stills
from app.mood.tempo import Tempo, fit_tempo

__all__ = ["DESCRIBERS", "MoodSuggestion", "Still", "Tempo", "fit_tempo", "stills", "suggest"]
