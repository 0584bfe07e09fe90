"""Words for the measurements of events."""

from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.modalities.interactions.content.events import DIFFERENT, OF_USER, VALUE
from pipeline.modalities.protocols.show import Words

WORDS = {
    EARLIER: Words(
        "events before (of the user)",
        "How many events of its user were known before it.",
        ("new users", "known users"),
    ),
    OF_USER: Words(
        "events of the user", "How many events its user has in all.", ("seldom here", "often here")
    ),
    DIFFERENT: Words(
        "different items of the user", "How many different items its user has in all."
    ),
    POPULARITY: Words(
        "events of the item (in train)",
        "How many events of its item train has.",
        ("rare items", "popular items"),
    ),
    VALUE: Words("value", "How much the user liked the item, 1 where nothing says so."),
}
TAILS = {name: words.tails for name, words in WORDS.items() if words.tails[0]}
MAX_ITEMS = 12


def shortened(text: str, most: int) -> str:
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
