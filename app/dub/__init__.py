"""Dubbing a video: what is ordered, and the story from the source to the finished result."""
