"""What params.yaml says of how texts become inputs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from pipeline.modalities.start import starts_from
from pipeline.runtime.settings import Settings


class AugmentFields(Settings):
    """Added to `augment`."""

    encodings: Annotated[list[Literal["ngrams", "pieces"]], Field(min_length=1)] = ["ngrams"]
    """Columns of the shards: `ngrams` are hashed words, pairs of words and runs of characters, for
    the networks linear and ngrams; `pieces` are those of `tokenizer`, for transformer."""
    tokenizer: Annotated[str, AfterValidator(starts_from())] | None = None
    """A folder below models/start with tokenizer.json, or with the vocab.txt of a BERT."""

    @field_validator("encodings")
    @classmethod
    def _name_each_once(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("names that differ")
        return names
