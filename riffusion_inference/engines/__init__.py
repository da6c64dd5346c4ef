"""Music models by name: the spectrogram painter, and others that can be used in its place."""
