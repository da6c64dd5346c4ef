"""A short-time Fourier transform and its inverse on a grid of whole frames, plain or circular; torch only."""

from __future__ import annotations

import torch


class FrameGrid:
    """F frames of `win_length` samples, `hop_length` apart, and the sound that they overlap into.

    A plain sound is (F - 1) * hop_length + win_length samples long: it goes on for half a window beyond the instants
    that the first and the last frame are centred on, so that no frame is cut. A circular one is F * hop_length long,
    and its last frames wrap around to its start.
    """

    def __init__(
        self,
        n_frames: int,
        win_length: int,
        hop_length: int,
        n_fft: int,
        *,
        device: torch.device,
        circular: bool = False,
        mirror: tuple[bool, bool] = (False, False),
    ) -> None:
        """Prepare the window and the overlap's weight.

        Args:
            n_frames: F, >= 1.
            win_length: samples of the Hann window.
            hop_length: samples from one frame to the next.
            n_fft: FFT length, >= win_length.
            device: where the arrays are.
            circular: whether the sound wraps around.
            mirror: whether the half windows beyond the first and beyond the last centre mirror the sound inside, as
                they do where a spectrogram was made of a sound that begins and ends there.
        """
        self.n_frames, self.win_length, self.hop_length, self.n_fft = n_frames, win_length, hop_length, n_fft
        self.circular, self.mirror = circular, mirror
        self.window = torch.hann_window(win_length, device=device)
        weight = self._overlap((self.window**2).expand(1, n_frames, win_length))
        self.scale = 1.0 / weight.clamp_min(1e-5 * float(weight.max()))
        self._wrap: torch.Tensor | None = None
        if circular:
            self._wrap = torch.arange(self._span, device=device) % self.n_samples

    @property
    def n_samples(self) -> int:
        """Samples of the sound."""
        return self.n_frames * self.hop_length if self.circular else self._span

    @property
    def _span(self) -> int:
        """Samples from the start of the first window to the end of the last."""
        return (self.n_frames - 1) * self.hop_length + self.win_length

    def halved(self) -> FrameGrid | None:
        """Return the grid of every other frame, or None where a circle has an odd number of them."""
        if self.circular and self.n_frames % 2:
            return None
        n_frames = self.n_frames // 2 if self.circular else (self.n_frames + 1) // 2
        ends_alike = self.n_frames % 2 == 1
        return FrameGrid(
            n_frames,
            self.win_length,
            2 * self.hop_length,
            self.n_fft,
            device=self.window.device,
            circular=self.circular,
            mirror=(self.mirror[0], self.mirror[1] and ends_alike),
        )

    def synthesise(self, spectra: torch.Tensor) -> torch.Tensor:
        """Overlap spectra [C, F, bins] into sound [C, T]; the nearest sound where they contradict each other."""
        frames = torch.fft.irfft(spectra, n=self.n_fft)[..., : self.win_length] * self.window
        sound = self._overlap(frames) * self.scale
        half = self.win_length // 2
        if self.mirror[0] and sound.shape[1] > 2 * half:
            sound[:, :half] = sound[:, half + 1 : 2 * half + 1].flip(-1)
        if self.mirror[1] and sound.shape[1] > 2 * half + 1:
            sound[:, -half:] = sound[:, -2 * half - 1 : -half - 1].flip(-1)
        return sound

    def analyse(self, sound: torch.Tensor) -> torch.Tensor:
        """Cut sound [C, T] into spectra [C, F, bins]."""
        if self._wrap is not None:
            sound = sound[:, self._wrap]
        frames = sound.unfold(-1, self.win_length, self.hop_length) * self.window
        spectra: torch.Tensor = torch.fft.rfft(frames, n=self.n_fft)
        return spectra

    def _overlap(self, frames: torch.Tensor) -> torch.Tensor:
        """Add frames [C, F, win_length] where they belong, [C, T]."""
        n_channels, n_frames, hop = frames.shape[0], self.n_frames, self.hop_length
        n_blocks = -(-self.win_length // hop)
        if self.win_length % hop:
            frames = torch.nn.functional.pad(frames, (0, n_blocks * hop - self.win_length))
        blocks = frames.reshape(n_channels, n_frames, n_blocks, hop)
        sound = torch.zeros(n_channels, n_frames + n_blocks - 1, hop, device=frames.device)
        for index in range(n_blocks):
            sound[:, index : index + n_frames] += blocks[:, :, index]
        flat = sound.reshape(n_channels, -1)
        if not self.circular:
            return flat[:, : self._span]
        whole = torch.nn.functional.pad(flat, (0, -flat.shape[1] % self.n_samples))
        return whole.reshape(n_channels, -1, self.n_samples).sum(dim=1)
