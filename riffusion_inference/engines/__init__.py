"""Music models by name: the spectrogram painter, and others that may stand in its place."""
