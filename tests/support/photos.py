"""Pictures made up for tests: with shapes of all sizes, as photos have."""

import numpy as np


def photos(num: int, seed: int = 0, side: int = 32, channels: int = 3) -> np.ndarray:
    """`(num, side, side, channels)`, uint8; random, with the amplitude spectrum of photos, 1/f.

    Channels differ in coarse shapes alone, as JPEG takes for granted.
    """
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(2 * side)[:, None], np.fft.rfftfreq(2 * side))
    amplitude = 1 / np.maximum(frequency, 1 / side)

    def shapes(num_channels: int, finest: float) -> np.ndarray:
        noise = random.normal(size=(num, num_channels, 2 * side, 2 * side))
        spectrum = np.fft.rfft2(noise) * amplitude * (frequency <= finest)
        return np.fft.irfft2(spectrum)[:, :, :side, :side].transpose(0, 2, 3, 1)

    total = shapes(1, 0.5) + shapes(channels, 0.1) / 2
    total -= total.mean((1, 2, 3), keepdims=True)
    total /= total.std((1, 2, 3), keepdims=True)
    return (total * 45 + 120).clip(0, 255).astype(np.uint8)
