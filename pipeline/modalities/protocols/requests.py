"""What a modality has for serve: contents that strangers send, prepared as ingest prepares them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pipeline.modalities.prepared import Prepared


class Requests(Protocol):
    """The names of `modalities/<name>/prepare/requests.py`; no torch, pyarrow or pandas there."""

    CONTENT: str
    """The name of a content in a request: the first column of `Prepare.CONTENT`."""
    EXAMPLE: str
    """A request with curl for people, after the address: `--data-binary @cat.jpg`."""
    LIMITS: Mapping[str, Any]
    """Keys of the section `ingest` that are lower for requests than for a dataset."""
    MEASURED: Sequence[str]
    """Measurements that are kept of a request, of `Prepare.MEASUREMENTS`."""

    def prepare(self, contents: Sequence[bytes | None], limits: Any) -> Prepared:
        """See `Prepare.prepare`; `limits` has LIMITS, and `options` of the preparation."""
        ...

    def from_json(self, value: Any) -> bytes:
        """A content from the value that a request has as JSON.

        Raises:
            ValueError: it is of another form; says which is right.
        """
        ...

    def from_text(self, text: str) -> bytes:
        """A content from a text, where JSON has no bytes.

        Raises:
            ValueError: it is of another form; says which is right.
        """
        ...

    def is_dear(self, content: bytes) -> bool:
        """Whether preparing it may take longer than a few milliseconds; asked before, so that
        others need not wait. Looks at the content for less than a millisecond."""
        ...
