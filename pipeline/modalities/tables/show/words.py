"""Words for rows: their measurements, and values as people read them."""

from typing import Any

from pipeline.modalities.protocols.show import Words

WORDS = {
    "missing": Words(
        "missing (share of the values)",
        "Share of the row's values that are missing, 0 to 1.",
        ("complete", "with gaps"),
    )
}
TAILS = {"missing": ("complete", "with gaps")}
MAX_CHARS = 200


def in_words(value: Any) -> str:
    """Format a value for people: six digits of a number, yes or no."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS - 1]}…"
