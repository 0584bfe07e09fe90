"""The names of modalities/protocols/show.py, for interactions."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.modalities.interactions.content.events import DIFFERENT, OF_USER, who_and_what
from pipeline.modalities.interactions.show.fragments import html, media, pair_html, size
from pipeline.modalities.interactions.show.words import TAILS, WORDS
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.show import ContentIndex, Contents

__all__ = ["TAILS", "WORDS", "html", "media", "pair_html", "size"]

CONTENT = ("event",)
SHOWN = ("event", "group", EARLIER, OF_USER, DIFFERENT, POPULARITY)
OF_GROUP = ("time", "split")
"""A user is judged by the whole history."""
NOUN, NOUNS, HUB_MODALITY = "event", "events", "tabular"
FIELDS = {
    "event": ("sc:Text", "The event as a JSON object: user, item, time, what the user had since."),
    "sha256": ("sc:Text", "Digest of what the event says."),
    **{name: ("sc:Float", words.meaning) for name, words in WORDS.items()},
}
UNUSUAL = (
    "Its user has far more events than nearly all others, or several of one item alone. "
    "Keeping or dropping it holds for all events of this user, but for test."
)
LOOK_ALIKE = None
STYLE = Path(__file__).with_name("interactions.css")


def grid(
    inputs: Inputs,
    preparation: Preparation,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
    blank: Collection[int] = (),
) -> None:
    from pipeline.modalities.interactions.show.figures import event_grid

    users, items = ["new", *preparation["users"]], preparation["items"]
    drawn = iter(
        (users[user], [items[code - 1] for code in codes if code])
        for user, codes in zip(inputs["user"].tolist(), inputs["history"].tolist(), strict=True)
    )
    rows = [None if place in blank else next(drawn) for place in range(len(captions))]
    event_grid(rows, captions, path, columns=columns, title=title)


def grid_of_contents(
    contents: Contents,
    content_index: ContentIndex,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    from pipeline.modalities.interactions.show.figures import event_grid

    event_grid(_rows(contents), captions, path, columns=columns, title=title)


def sheet(
    rows: Mapping[str, Contents], content_index: ContentIndex, path: Path, *, title: str
) -> None:
    from pipeline.modalities.interactions.show.figures import draw_text, event_grid

    if not rows:
        return draw_text("no training example", path)
    columns = min(5, max(1, *(len(some["event"]) for some in rows.values())))
    shown, captions = [], []
    for name, contents in rows.items():
        own = _rows(contents)[:columns]
        shown += own + [None] * (columns - len(own))
        captions += [name] * len(own) + [""] * (columns - len(own))
    event_grid(shown, captions, path, columns=columns, title=title)


def _rows(contents: Contents) -> list[tuple[str, list[str]] | None]:
    return [None if event is None else who_and_what(event) for event in contents["event"]]


def describe_input(preparation: Preparation) -> str:
    return (
        f"a user out of {len(preparation['users'])}, or nobody known, and up to "
        f"{preparation['width']} items that the user had since"
    )


def privacy(removed: Mapping[str, int]) -> list[str]:
    return [
        "The data and the model have what each user took; ingest.pseudonymise replaces their ids.",
        "Whether people can be recognised by what they took is for those to say who know the data.",
    ]
