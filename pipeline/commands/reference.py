"""Write docs/reference.md, every command and key, from the code: `make reference`.

    python -m pipeline.commands.reference

Commands are described by their `--help`; keys of params.yaml and of catalog entries by the fields
of their settings, with the docstrings below them. So the page always matches the code.
"""

import ast
import inspect
import os
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.commands.groundwork.listing import COMMANDS
from pipeline.commands.report_keys import REPORTS
from pipeline.entry import entry_type
from pipeline.modalities.opening import MODALITIES
from pipeline.params import all_params
from pipeline.runtime.code import ROOT
from pipeline.runtime.settings import Settings
from pipeline.targets.opening import TARGETS

PAGE = Path("docs/reference.md")
HEAD = """\
# Reference

Every command, every key of `params.yaml`, of a catalog entry and of the reports, written from the
code by `make reference`. `transforms[flip].probability` is the key `probability` of an entry of the
list `transforms` that says `name: flip`.

[Commands](#commands) · [params.yaml](#paramsyaml) · [Catalog entries](#catalog-entries) ·
[Reports](#reports)
"""
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def page() -> str:
    """The whole page, the same on every machine."""
    kinds = [(modality, target) for modality in MODALITIES for target in TARGETS]
    parts = [HEAD, "## Commands\n", *commands(), "## params.yaml\n"]
    for kind in kinds:
        parts.append(f"### Of {' and '.join(kind)}\n")
        parts.append(table(all_params(*kind), {}))
    parts.append("## Catalog entries\n")
    parts.append("`data/catalog/<name>.yaml`; `uri` and `license` are enough.\n")
    for kind in kinds:
        parts.append(f"### Of {' and '.join(kind)}\n")
        parts.append(table(entry_type(*kind), {}))
    parts += ["## Reports\n", *reports()]
    return "\n".join(parts)


def reports() -> Iterator[str]:
    for report, keys in REPORTS.items():
        name, _, target = report.partition(", ")
        rows = "\n".join(f"| {spelled(key)} | {cell(meaning)} |" for key, meaning in keys.items())
        of_target = f", of {target}" if target else ""
        yield f"### reports/{name}.json{of_target}\n\n| key | meaning |\n|---|---|\n{rows}\n"


def spelled(keys: str) -> str:
    return ", ".join(f"`{key}`" for key in keys.split(", "))


def commands() -> Iterator[str]:
    for name, command in COMMANDS.items():
        yield f"### groundwork {name}\n\n```\n{command.parser().format_help().rstrip()}\n```\n"


def table(model: type[BaseModel], told: dict[type[BaseModel], str]) -> str:
    """Rows for the fields of a model, and below it a table for each model that a field names."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    lines += rows(model, "", told)
    return "\n".join(lines) + "\n"


def rows(model: type[BaseModel], prefix: str, told: dict[type[BaseModel], str]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name == "name" and prefix.endswith(f"[{name_of(model)}]."):
            continue
        key = f"{prefix}{field.alias or name}"
        meaning = sentences(model, name)
        inner = models_in(field.annotation)
        has_default = not field.is_required() and not inner and field.default is not None
        default = f"`{field.default}`" if has_default else ""
        yield f"| `{key}` | {cell(value_of(field))} | {default} | {cell(meaning)} |"
        if inner and inner[0] in told:
            yield f"| `{key}` … | | | as `{told[inner[0]]}` |"
            continue
        for one in inner:
            label = f"{key}[{name_of(one)}]." if is_list(field.annotation) else f"{key}."
            told[one] = key
            yield from rows(one, label, told)


def name_of(model: type[BaseModel]) -> str:
    """The value of the key `name` that selects this model for an entry of a list."""
    field = model.model_fields.get("name")
    return str(get_args(field.annotation)[0]) if field and get_args(field.annotation) else ""


def value_of(field: FieldInfo) -> str:
    """`number > 0, ≤ 100`, `auto, cpu or cuda`, `section`."""
    text = words_of(field.annotation)
    return ", ".join([text, *bounds(field.metadata)])


def words_of(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return ", ".join([words_of(arguments[0]), *bounds(arguments[1:])])
    if origin in (Union, UnionType):
        kinds = [kind for kind in arguments if kind is not NoneType]
        if len(kinds) > 2 and all(inspect.isclass(kind) for kind in kinds):
            return "section"
        return " or ".join(dict.fromkeys(map(words_of, kinds)))
    if origin is Literal:
        *first, last = (f"`{value}`" for value in arguments)
        return f"{', '.join(first)} or {last}" if first else last
    if origin is list:
        return f"list of: {words_of(arguments[0])}"
    if origin is dict:
        return "section of names and values"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "section"
    return WORDS.get(annotation, "anything")


def bounds(metadata: Any) -> Iterator[str]:
    for one in metadata:
        inner = getattr(one, "metadata", None)
        if inner:
            yield from bounds(inner)
        for name, sign in SIGNS.items():
            if (value := getattr(one, name, None)) is not None:
                yield f"{sign} {value}"


def models_in(annotation: Any) -> list[type[Settings]]:
    if inspect.isclass(annotation) and issubclass(annotation, Settings):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(is_list, get_args(annotation)))


def sentences(model: type[BaseModel], name: str) -> str:
    """The docstring below the declaration of a field."""
    for owner in model.__mro__:
        if name in inspect.get_annotations(owner) and (found := below(owner).get(name)):
            return found
    return ""


@lru_cache
def below(owner: type) -> dict[str, str]:
    """The docstrings below the fields of a class, by field; none for a composed class."""
    try:
        source = textwrap.dedent(inspect.getsource(owner))
    except (OSError, TypeError):
        return {}
    body = getattr(ast.parse(source).body[0], "body", [])
    found = {}
    for field, after in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(after.value.value).split())
    return found


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    os.environ["COLUMNS"] = "80"  # argparse wraps help to it
    (ROOT / PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
