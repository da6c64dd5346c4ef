"""A latent diffusion model that paints spectrograms of any length."""
