"""Texts that come inside an installed package: none does. `sms_spam` lies in data/embedded."""

from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source


def open_builtin(uri: str) -> Source:
    """
    Raises:
        SourceError: there is no built-in dataset of texts.
    """
    raise SourceError(
        f"uri {uri} names no built-in dataset: no package has texts",
        fix="groundwork use sms_spam, whose texts lie in data/embedded; or name a file",
    )
