"""Typed, frozen settings from YAML: what params.yaml and the catalog entries have in common."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.runtime.errors import SettingsError

MAX_YAML_BYTES = 1 << 20


class Settings(BaseModel):
    """A section of a YAML file. Unknown keys and wrong types are errors; values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


SomeSettings = TypeVar("SomeSettings", bound=Settings)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping by YAML 1.2, in which `1e-05` is a number (YAML 1.1 has it a string).

    Raises:
        SettingsError: the file is missing, over-large, no YAML, or no mapping.
    """
    try:
        if path.stat().st_size > MAX_YAML_BYTES:
            raise SettingsError(
                f"{path} is larger than {MAX_YAML_BYTES} bytes",
                fix="settings are short; is this another file?",
            )
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist", fix=f"write {path}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"{path} is not YAML: {reason}", fix="mend its syntax") from None
    if not isinstance(content, Mapping):
        found = "nothing" if content is None else type(content).__name__
        raise SettingsError(
            f"{path} must hold `key: value` lines, found {found}",
            fix="write one key per line",
        )
    return dict(content)


def parse(model: type[SomeSettings], content: Mapping[str, Any], path: Path) -> SomeSettings:
    """Check `content`, read from `path`, against `model`.

    Raises:
        SettingsError: naming the first key that is unknown, missing, or has a wrong value.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        what, fix = _explain(dict(problems[0]), model, path)
        if len(problems) > 1:
            what += f" (and {len(problems) - 1} more)"
        raise SettingsError(f"{path}: {what}", fix=fix) from None


def _explain(problem: dict[str, Any], model: type[Settings], path: Path) -> tuple[str, str]:
    key = ".".join(str(part) for part in problem["loc"])
    found, kind = problem["input"], problem["type"]
    if kind == "missing":
        return f"key {key} is missing", f"add `{key}:`"
    if kind == "extra_forbidden":
        known = _known_keys(model, problem["loc"][:-1])
        close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
        return f"unknown key {key}", hint
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    shown = repr(found) if len(repr(found)) <= 60 else repr(found)[:57] + "..."
    return f"{key} must be {expected}, found {shown}", f"set {key} to such a value in {path}"


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that `model` knows at `loc`; none where the place is not a plain section."""
    for part in loc:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
