"""What a modality has for describe, report, review: examples as HTML and as pictures, and words.

Importing it is quick: what draws is imported when something is drawn.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.modalities.protocols.encode import Inputs, Preparation

Content = Mapping[str, Any]
"""The content of one example, by the columns of data/clean; null where it has none."""
Contents = Mapping[str, Sequence[Any]]
"""The content of N examples, a list of N values for each column."""
ContentIndex = Mapping[str, Any]
"""What index.json of data/clean says of contents, under `content`."""


class Words(NamedTuple):
    """What a measurement is called where people read of it."""

    title: str
    """In tables, with its unit."""
    meaning: str
    """A sentence, for metadata."""
    tails: tuple[str, str] = ("", "")
    """What the lowest and the highest quarter of the examples are called."""
    in_card: bool = True
    """Whether the data card has its quantiles."""


class Show(Protocol):
    """The names of `modalities/<name>/show/interface.py`.

    HTML is for a page whose Content-Security-Policy allows no script and no style within it. All
    that comes from data is escaped in it.
    """

    CONTENT: Sequence[str]
    """Columns of data/raw and data/clean that an example consists of."""
    NOUN: str
    """What an example is called: `image`."""
    NOUNS: str
    """The same, of several."""
    HUB_MODALITY: str
    """First word of a task on the Hugging Face Hub, such as `image` or `tabular`."""
    WORDS: Mapping[str, Words]
    """Of each measurement."""
    TAILS: Mapping[str, tuple[str, str]]
    """What the lowest and the highest quarter are called, by the names of `slice_values`."""
    FIELDS: Mapping[str, tuple[str, str]]
    """Type in Croissant and meaning of columns of data/clean: of CONTENT, of the measurements, and
    of `sha256`."""
    UNUSUAL: str
    """A sentence that says why an example is an outlier."""
    LOOK_ALIKE: tuple[str, str] | None
    """A column of data/raw that is the same in examples that look the same, and a phrase for them,
    such as `with the same difference hash`; None where there is none."""

    STYLE: Path
    """A CSS file for what `html` and `pair_html` give. Within the class `sharp` small examples are
    enlarged without smoothing."""
    SHOWN: Sequence[str]
    """Columns of data/raw that `html`, `pair_html` and `size` read. Those of CONTENT are read when
    an example is shown; others must be small, and are kept while people review."""

    def html(self, content: Content, about: Mapping[str, Any]) -> str:
        """One example as HTML, for a small space, and for a large one, of the class `large`.

        The class `caption` is for quiet text.

        Args:
            content: those of CONTENT that are in SHOWN.
            about: the other columns of SHOWN, `id`, and `address`, where its `media` is.
        """
        ...

    def pair_html(
        self,
        content: Content,
        about: Mapping[str, Any],
        twin_content: Content,
        twin_about: Mapping[str, Any],
    ) -> str:
        """An example beside another that looks like it, as one piece of HTML.

        The arguments are those of `html`, twice; `about` has a `caption` too.
        """
        ...

    def size(self, about: Mapping[str, Any]) -> str:
        """How large an example is, in a word or two; empty where that is unknown."""
        ...

    def media(self, content: Content) -> tuple[str, bytes] | None:
        """Content type and bytes of what the `address` of an example leads to; None for nothing.

        `content` has all of CONTENT.
        """
        ...

    def grid(
        self,
        inputs: Inputs,
        preparation: Preparation,
        captions: Sequence[str],
        path: Path,
        *,
        columns: int,
        title: str,
        blank: Collection[int] = (),
    ) -> None:
        """Draw examples as shards have them, in rows of `columns`; without any, the title alone.

        Args:
            captions: of one to three lines each.
            blank: places that have a caption and no example; `inputs` has the examples of the
                others.
        """
        ...

    def grid_of_contents(
        self,
        contents: Contents,
        content_index: ContentIndex,
        captions: Sequence[str],
        path: Path,
        *,
        columns: int,
        title: str,
    ) -> None:
        """Draw examples as data/clean has them, as `grid`; null where an example has no content."""
        ...

    def sheet(self, rows: Mapping[str, Contents], content_index: ContentIndex, path: Path) -> None:
        """Draw a row of examples under each name; they may differ in number."""
        ...

    def describe_input(self, preparation: Preparation) -> str:
        """What a model takes, in Markdown: `8 x 8 grey images; others are resized by ...`."""
        ...

    def privacy(self, removed: Mapping[str, int]) -> list[str]:
        """Sentences on what examples may tell of people.

        `removed` are kinds of metadata and how many examples they were removed from.
        """
        ...
