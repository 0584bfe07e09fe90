"""Words for measurements of images."""

from pipeline.modalities.protocols.show import Words

WORDS = {
    "width": Words("width (pixels)", "Width in pixels."),
    "height": Words("height (pixels)", "Height in pixels."),
    "channels": Words("channels", "1 for grey, 3 for colour.", in_card=False),
    "brightness": Words(
        "brightness (0 black, 1 white)",
        "Mean grey level, 0 (black) to 1 (white).",
        ("dark", "bright"),
    ),
    "contrast": Words(
        "contrast (standard deviation of grey)",
        "Standard deviation of the grey level, 0 to 0.5.",
        ("low contrast", "high contrast"),
    ),
    "sharpness": Words(
        "sharpness (variance of the Laplacian)",
        "Variance of the Laplacian of the grey level; 0 where flat.",
        ("blurred", "sharp"),
    ),
    "red": Words("red", "Mean of the red channel, 0 to 1.", in_card=False),
    "green": Words("green", "Mean of the green channel, 0 to 1.", in_card=False),
    "blue": Words("blue", "Mean of the blue channel, 0 to 1.", in_card=False),
    "dhash": Words("difference hash", "Difference hash of 8 x 8 areas, 64 bits.", in_card=False),
}
"""Words of each measurement."""

TAILS = {name: words.tails for name, words in WORDS.items() if words.tails[0]} | {
    "pixels": ("small", "large"),
    "width to height": ("tall", "wide"),
}
"""Names of the lowest and the highest quarter, by the names of `slice_values`."""
