"""Written music: the notes of a part, and their picture, which the diffusion model paints over."""
