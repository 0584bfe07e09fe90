"""Typed, frozen settings from YAML, for params.yaml and for catalog entries."""

import copy
import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    ScalarEvent,
)

from pipeline.runtime.errors import SettingsError

PARAMS_FILE = Path("params.yaml")
MAX_YAML_BYTES = 1 << 20

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Settings(BaseModel):
    """A section of a YAML file. Unknown keys and wrong types are errors; values never change."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        defer_build=True,  # most classes are only a part of what a stage reads
    )


SomeSettings = TypeVar("SomeSettings", bound=Settings)


class Kind(Settings):
    """The kind of data: two keys of params.yaml by which stages choose the code to open."""

    modality: Name
    """What an example is."""
    target: Name
    """What is said of an example."""


def with_fields(
    model: type[SomeSettings],
    *more: type[Settings],
    **sections: Sequence[type[Settings]],
) -> type[SomeSettings]:
    """Add the fields of `more` to `model`, and those of further classes to its `sections`.

    Where several classes have a field, the last class in the list wins.
    """
    fields: dict[str, Any] = {}
    for name, parts in sections.items():
        field = model.model_fields[name]
        section: Any = field.annotation
        bases = (*_field_types(parts), section)
        made_section = create_model(section.__name__, __base__=bases)
        fields[name] = (made_section, field if field.is_required() else made_section())
    all_bases: Any = (*_field_types(more), model)

    composed: type[SomeSettings] = create_model(model.__name__, __base__=all_bases, **fields)
    return composed


def _field_types(parts: Sequence[type[Settings]]) -> list[type[Settings]]:
    """The classes without `Settings`, in the order in which pydantic lets the last one win."""
    return [part for part in reversed(parts) if part is not Settings]


def fields_of(model: type[SomeSettings], settings: Settings) -> SomeSettings:
    """Take only the fields of `model` from settings composed by `with_fields`.

    Unlike a composed class, `model` has a name by which other processes can import it.
    """
    return model.model_construct(**{name: getattr(settings, name) for name in model.model_fields})


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping by YAML 1.2, in which `1e-05` is a number (YAML 1.1 has it a string).

    Raises:
        SettingsError: the file is missing, over-large (also by its aliases), too deep, no YAML,
            or no mapping.
    """
    if path.is_dir():
        raise SettingsError(f"{path} is a folder, expected a file", fix=f"write {path}")
    try:
        if path.stat().st_size > MAX_YAML_BYTES:
            raise _too_large(path)
        if not path.is_file():  # reading a pipe would never end
            raise SettingsError(f"{path} is no regular file", fix=f"write {path}")
        text = path.read_text(encoding="utf-8")
        if "&" in text and "*" in text and _expanded_size(_yaml().parse(text)) > MAX_YAML_BYTES:
            raise _too_large(path)
        content = copy.deepcopy(_load(text, path))
    except RecursionError:
        raise SettingsError(
            f"{path} is nested too deep", fix="settings are flat; is this another file?"
        ) from None
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist", fix=f"write {path}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}"
        raise _no_yaml(path, f"{where}: {error.problem}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise _no_yaml(path, str(error)) from None
    if not isinstance(content, Mapping):
        found = "nothing" if content is None else type(content).__name__
        raise SettingsError(
            f"{path} must hold `key: value` lines, found {found}",
            fix="write one key per line",
        )
    return dict(content)


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)


@lru_cache(maxsize=4)  # a stage reads params.yaml four times, to see whether it changed
def _load(text: str, path: Path) -> Any:
    try:
        return _yaml().load(text)
    except (YAMLError, RecursionError):
        raise
    except Exception as error:  # impossible dates and numbers raise anything
        raise _no_yaml(path, f"{type(error).__name__}: {error}") from None


def _no_yaml(path: Path, reason: str) -> SettingsError:
    return SettingsError(f"{path} is not YAML: {' '.join(reason.split())}", fix="mend its syntax")


def _too_large(path: Path) -> SettingsError:
    return SettingsError(
        f"{path} is larger than {MAX_YAML_BYTES} bytes",
        fix="settings are short; is this another file?",
    )


def _expanded_size(events: Iterable[Event]) -> float:
    """Count the characters of a document once every alias is replaced by its content.

    Aliases of aliases of aliases make gigabytes out of a few lines ("billion laughs").
    """
    open_sizes: list[float] = [0.0]
    open_anchors: list[str | None] = []
    sizes: dict[str | None, float] = {}
    for event in events:
        if isinstance(event, AliasEvent):
            open_sizes[-1] += sizes.get(event.anchor, float("inf"))  # an alias may contain itself
        elif isinstance(event, CollectionStartEvent):
            open_sizes.append(1.0)
            open_anchors.append(event.anchor)
            sizes.pop(event.anchor, None)
        elif isinstance(event, ScalarEvent):
            size = 1.0 + len(event.value)
            sizes[event.anchor] = size
            open_sizes[-1] += size
        elif isinstance(event, CollectionEndEvent):
            size = open_sizes.pop()
            sizes[open_anchors.pop()] = size
            open_sizes[-1] += size
    return open_sizes[0]


def read_params(model: type[SomeSettings], path: Path = PARAMS_FILE) -> SomeSettings:
    """Read the keys of params.yaml that `model` has; other keys are ignored.

    Raises:
        SettingsError: see `parse`.
    """
    content = read_yaml(path)
    keys = (field.alias or name for name, field in model.model_fields.items())
    return parse(model, {key: content[key] for key in keys if key in content}, path)


def parse(model: type[SomeSettings], content: Mapping[str, Any], path: Path) -> SomeSettings:
    """Check `content`, read from `path`, against `model`.

    Raises:
        SettingsError: naming the first key that is unknown, missing, or has a wrong value.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A misspelt key is also a missing one: name the misspelling.
        problems = sorted(
            error.errors(include_url=False), key=lambda p: p["type"] != "extra_forbidden"
        )
        what, fix = _explain(dict(problems[0]), model, path)
        if len(problems) > 1:
            what += f" (and {len(problems) - 1} more)"
        raise SettingsError(f"{path}: {what}", fix=fix) from None


def _explain(problem: dict[str, Any], model: type[Settings], path: Path) -> tuple[str, str]:
    loc, known = _place(model, problem["loc"])
    found, kind = problem["input"], problem["type"]
    if kind.startswith("union_tag"):
        name = problem["ctx"]["discriminator"].strip("'")
        loc = (*loc, name)
        found = found.get(name) if isinstance(found, Mapping) else found
        kind = "missing" if kind == "union_tag_not_found" else kind
    key = ".".join(map(str, loc))
    if kind == "missing":
        return f"key {key} is missing", f"add `{key}:`"
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(str(loc[-1]), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
        return f"unknown key {key}", hint
    if kind == "union_tag_invalid":
        *names, last = problem["ctx"]["expected_tags"].split(", ")
        expected = f"{', '.join(names)} or {last}"
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        expected = "a section of `key: value` lines"
    elif kind == "list_type":
        examples = _examples(model, loc)
        expected = f"a list, such as {examples[0]}" if examples else "a list"
    else:
        expected = problem["msg"]
        for prefix in ("Value error, ", "Input should be ", "String should "):
            expected = expected.removeprefix(prefix)
    must = "must" if kind == "string_pattern_mismatch" else "must be"
    try:
        shown = repr(found)
    except ValueError:  # Python writes no number of more than 4300 digits
        shown = "a huge number"
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return f"{key} {must} {expected}, found {shown}", f"set {key} to such a value in {path}"


def _examples(model: type[BaseModel], loc: Sequence[int | str]) -> list[Any]:
    """The example values in the declaration of the field at `loc`."""
    here: Any = model
    field = None
    for part in loc:
        if not (isinstance(here, type) and issubclass(here, BaseModel)):
            return []
        field = here.model_fields.get(str(part))
        here = next(iter(_kinds(field.annotation)), None) if field else None
    return list(field.examples or []) if field else []


def _place(
    model: type[BaseModel], loc: tuple[int | str, ...]
) -> tuple[tuple[int | str, ...], list[str]]:
    """`loc` as the file has it, and the keys known at its last part.

    pydantic adds the name of the chosen class of a union (`translate`), which no file has.
    """
    shown: list[int | str] = []
    here: Any = model
    keys: dict[str, Any] = {}
    for part in loc:
        kinds = _kinds(here)
        if len(kinds) > 1:  # the name of one of them follows
            here = next((kind for kind in kinds if _is_called(kind, part)), None)
            continue
        shown.append(part)
        kind = kinds[0] if kinds else None
        keys = {}
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys = {f.alias or name: f.annotation for name, f in kind.model_fields.items()}
            here = keys.get(str(part))
        else:
            here = next(iter(get_args(kind)), None)
    return tuple(shown), list(keys)


def _kinds(annotation: Any) -> list[Any]:
    """The types that an annotation allows, without None and the metadata of `Annotated`."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [kind for option in get_args(annotation) for kind in _kinds(option)]
    return [] if annotation in (None, NoneType) else [annotation]


def _is_called(kind: Any, name: int | str) -> bool:
    """Whether a literal field of a class of a union gives it the name `name`."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return False
    return any(name in get_args(field.annotation) for field in kind.model_fields.values())
