"""Catalog entries: what a person writes in data/catalog/<name>.yaml to bring data."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.dataset.addresses import refuse_secrets
from pipeline.dataset.places import CATALOG_DIR
from pipeline.dataset.splits.rule import SplitRule
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import Name, Settings, SomeSettings, parse, read_yaml

Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Value = str | int | float
OwnSplit = Literal["train", "val", "test", "unlabelled"]
Purpose = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Columns(Settings):
    """The column of each role; columns that are not named are detected."""

    id: Text | None = None
    split: Text | None = None
    group: Text | None = None
    time: Text | None = None
    """When what is asked of an example is asked: ISO dates and times, or integers."""
    user: Text | None = None
    """The column of users, whose last examples `split: {by: last}` holds back."""
    known_at: Text | None = None
    """When what a row says became known; checked against a split in time."""
    license: Text | None = None
    purposes: Text | None = None
    strip: Text | None = None
    """What paths in the table start with on the machine that wrote it; it is taken off."""


class TextDialect(Settings):
    """How files of delimited text are written, where that cannot be detected."""

    encoding: Text | None = None
    """The encoding as Python calls it: `windows-1251`, `shift_jis`."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quotes: Literal["doubled", "backslash", "none"] | None = None
    """How a quote in a quoted field is written; `none`: quotes are characters like others."""


class Expectation(Settings):
    """A further Great Expectations expectation, by its type name."""

    type: Annotated[str, Field(pattern=r"^expect_[a-z0-9_]+$")]
    kwargs: dict[str, Any] = {}
    severity: Literal["critical", "warning"] = "critical"


class Entry(Settings):
    """A dataset: where it is and under which licence; the rest has defaults.

    The modality and the target add keys of their own; see pipeline/entry.py.
    """

    uri: Text
    """`builtin:digits`, a path (relative ones start at the repository root), or a URL."""
    license: Text
    """SPDX identifier, or the licence's own name. No licence, no ingest."""
    modality: Name | None = None
    """What an example is; that of params.yaml when not given."""
    target: Name | None = None
    """What is said of an example; that of params.yaml when not given."""
    kind: Text = "auto"
    """What the source holds: `auto` looks; see pipeline/ingest/sources/opening.py."""
    links: Text | None = None
    """Where links of a folder may lead beside it: `follow` for anywhere, or a folder."""
    sha256: Sha256 | dict[Text, Sha256] | None = None
    """The digest of the file that `uri` names, or of each file of the folder; verified."""
    md5: Md5 | dict[Text, Md5] | None = None
    fingerprint: Sha256 | None = None
    """The digest of all examples, as `groundwork add` found them; ingest refuses others."""
    title: str | None = None
    description: str | None = None
    homepage: str | None = None
    citation: str | None = None
    columns: Columns = Columns()
    header: bool = True
    """Whether tables of text have one; `false`: columns are named by their numbers, from 0."""
    dialect: TextDialect = TextDialect()
    missing: list[Value] | dict[Text, list[Value]] = []
    """Values that stand for none: of all columns, or of each. Nothing else but the empty is."""
    split: SplitRule = SplitRule()
    slices: list[Text] = []
    """Columns by whose values evaluate reports; see docs/splits.md."""
    splits: Annotated[list[OwnSplit], Field(min_length=1)] | None = None
    """The splits of the source to take; all when not given. What is in none is `unlabelled`."""
    purposes: Annotated[list[Purpose], Field(min_length=1)] | None = None
    """What the data may be used for; anything when not given. `ingest.purpose` is what a run is."""
    expectations: list[Expectation] = []

    @property
    def input_bytes(self) -> int | None:
        """The least bytes of an example in a shard, where the entry says so; a modality may."""
        return None

    @model_validator(mode="before")
    @classmethod
    def _known_at_is_a_column(cls, content: Any) -> Any:
        """Take `known_at` as `columns.known_at`, which it is short for."""
        columns = content.get("columns", {}) if isinstance(content, Mapping) else None
        if not isinstance(columns, Mapping) or "known_at" not in content:
            return content
        rest = {key: value for key, value in content.items() if key != "known_at"}
        return rest | {"columns": {**columns, "known_at": content["known_at"]}}


def entry_path(name: str) -> Path:
    """Where the catalog entry of the dataset `name` is."""
    return CATALOG_DIR / f"{name}.yaml"


def dataset_names() -> list[str]:
    """Names of all datasets that have an entry."""
    return sorted(file.stem for file in CATALOG_DIR.glob("*.yaml"))


def parse_entry(name: str, model: type[SomeSettings], modality: str, target: str) -> SomeSettings:
    """Read the catalog entry of the dataset `name` as `model`, an Entry of a modality and target.

    Raises:
        SettingsError: there is no such entry, it has an impossible value, has a secret in an
            address, or is of another modality or target.
    """
    path = entry_path(name)
    if not path.exists():
        known = ", ".join(dataset_names()) or "none"
        raise SettingsError(
            f"dataset is {name!r}, but {path} does not exist; there are: {known}",
            fix=f"write {path} (`uri:` and `license:` are enough)",
        )
    content = read_yaml(path)
    if not content.get("license"):
        misspelt = difflib.get_close_matches("license", map(str, content), n=1, cutoff=0.8)
        if misspelt and misspelt[0] != "license":
            raise SettingsError(f"{path}: unknown key {misspelt[0]}", fix="did you mean license?")
        raise SettingsError(
            f"{path}: key license is missing; data without a licence is not ingested",
            fix="add `license:` with the terms you hold the data under, such as CC-BY-4.0",
        )
    _refuse_another_kind(name, content, modality, target)
    for key in ("uri", "annotations"):
        refuse_secrets(str(content.get(key)))
    return parse(model, content, path)


def check_kind(name: str, modality: str, target: str) -> None:
    """Check that a dataset, if there is one of that name, is of this modality and target.

    Raises:
        SettingsError: it is of another; names the command that makes params.yaml ready for it.
    """
    if entry_path(name).is_file():
        _refuse_another_kind(name, read_yaml(entry_path(name)), modality, target)


def _refuse_another_kind(name: str, content: Mapping[str, Any], modality: str, target: str) -> None:
    for key, expected in (("modality", modality), ("target", target)):
        if (found := content.get(key, expected)) != expected:
            raise SettingsError(
                f"{entry_path(name)} is a dataset of {key} {found}, but params.yaml has {key}: "
                f"{expected}",
                fix=f"groundwork use {name}, which makes params.yaml ready for it",
            )
