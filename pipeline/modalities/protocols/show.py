"""The part of a modality for describe, report and review: examples as HTML and pictures, and words.

Importing it is quick: drawing code is imported when it is needed.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.modalities.protocols.encode import Inputs, Preparation

Content = Mapping[str, Any]
"""The content of one example, by the columns of data/clean; null if it has none."""
Contents = Mapping[str, Sequence[Any]]
"""The content of N examples, a list of N values for each column."""
ContentIndex = Mapping[str, Any]
"""The key `content` in index.json of data/clean."""


class Words(NamedTuple):
    """The words for a measurement."""

    title: str
    """Title in tables, with its unit."""
    meaning: str
    """A sentence, for metadata."""
    tails: tuple[str, str] = ("", "")
    """Names of the lowest and the highest quarter of the examples."""
    in_card: bool = True
    """Whether the data card has its quantiles."""


class Show(Protocol):
    """The names of `modalities/<name>/show/interface.py`.

    An optional name: `OF_GROUP`, columns of data/raw. If SHOWN has `group`, `html` gets all
    examples of the group in `about["of_group"]`, a list of dictionaries with `label` and those of
    the columns that data/raw has.

    HTML is for a page whose Content-Security-Policy allows no inline script or style. Everything
    from data is escaped.
    """

    CONTENT: Sequence[str]
    """Columns of data/raw and data/clean that an example consists of."""
    NOUN: str
    """Name of an example: `image`."""
    NOUNS: str
    """Name of several examples."""
    HUB_MODALITY: str
    """First word of a task on the Hugging Face Hub, such as `image` or `tabular`."""
    WORDS: Mapping[str, Words]
    """Words for each measurement."""
    TAILS: Mapping[str, tuple[str, str]]
    """Names of the lowest and the highest quarter, by the names of `slice_values`."""
    FIELDS: Mapping[str, tuple[str, str]]
    """Type in Croissant and meaning of columns of data/clean: of CONTENT, of the measurements, and
    of `sha256`."""
    UNUSUAL: str
    """A sentence that says why an example is an outlier."""
    LOOK_ALIKE: tuple[str, str] | None
    """A column of data/raw that is equal in examples that look alike, and a phrase for them, such
    as `with the same difference hash`; None if there is none."""

    STYLE: Path
    """A CSS file for the HTML of `html` and `pair_html`. Within the class `sharp` small examples
    are enlarged without smoothing."""
    SHOWN: Sequence[str]
    """Columns of data/raw that `html`, `pair_html` and `size` read. Those of CONTENT are read when
    an example is shown; others must be small, and are kept while people review."""

    def html(self, content: Content, about: Mapping[str, Any]) -> str:
        """Render an example as HTML, for a small space, and for a large one, of the class `large`.

        The class `caption` is for quiet text.

        Args:
            content: the columns of CONTENT that are in SHOWN.
            about: the other columns of SHOWN, `id`, and `address`, the URL of its `media`.
        """
        ...

    def pair_html(
        self,
        content: Content,
        about: Mapping[str, Any],
        twin_content: Content,
        twin_about: Mapping[str, Any],
    ) -> str:
        """Render an example beside one that looks like it, as one piece of HTML.

        The arguments are those of `html`, twice; `about` has a `caption` too.
        """
        ...

    def size(self, about: Mapping[str, Any]) -> str:
        """The size of an example, in a word or two; empty if unknown."""
        ...

    def media(self, content: Content) -> tuple[str, bytes] | None:
        """Content type and bytes behind the `address` of an example; None for nothing.

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
        """Draw examples of shards, in rows of `columns`; without any, only the title.

        Args:
            captions: one to three lines each.
            blank: places with a caption but no example; `inputs` has the examples of the others.
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
        """Draw examples of data/clean, like `grid`; null if an example has no content."""
        ...

    def sheet(
        self,
        rows: Mapping[str, Contents],
        content_index: ContentIndex,
        path: Path,
        *,
        title: str,
    ) -> None:
        """Draw a row of examples under each name; they may differ in number."""
        ...

    def describe_input(self, preparation: Preparation) -> str:
        """The input of a model, in Markdown: `8 x 8 grey images; others are resized by ...`."""
        ...

    def privacy(self, removed: Mapping[str, int]) -> list[str]:
        """Sentences on what examples may reveal about people.

        `removed` has kinds of metadata and the number of examples they were removed from.
        """
        ...
