"""The part of a modality for serve: prepares untrusted contents of requests as ingest does."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pipeline.modalities.prepared import Prepared


class Requests(Protocol):
    """The names of `modalities/<name>/prepare/requests.py`; no torch, pyarrow or pandas there."""

    CONTENT: str
    """The name of a content in a request: the first column of `Prepare.CONTENT`."""
    EXAMPLE: str
    """An example of a request with curl, after the address: `--data-binary @cat.jpg`."""
    LIMITS: Mapping[str, Any]
    """Keys of the section `ingest` that are lower for requests than for a dataset."""
    MEASURED: Sequence[str]
    """Measurements of `Prepare.MEASUREMENTS` that are recorded of a request."""

    def prepare(self, contents: Sequence[bytes | None], limits: Any) -> Prepared:
        """See `Prepare.prepare`; `limits` has LIMITS, and `options` of the preparation."""
        ...

    def from_json(self, value: Any) -> bytes:
        """Read a content from the JSON value of a request.

        Raises:
            ValueError: it has another form; names the right one.
        """
        ...

    def from_text(self, text: str) -> bytes:
        """Read a content from a text, since JSON has no bytes.

        Raises:
            ValueError: it has another form; names the right one.
        """
        ...

    def is_dear(self, content: bytes) -> bool:
        """Whether preparing it may take longer than a few milliseconds; asked before, so that
        others need not wait. Looks at the content for less than a millisecond."""
        ...
