"""A finished result: its manifest, its folder, its archive, and the proof that it is right."""
