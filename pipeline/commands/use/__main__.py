"""Use: make params.yaml ready for a dataset.

    groundwork use NAME                  takes the recipe that fits what is known of the data
    groundwork use NAME --recipe RECIPE  takes that one

`dataset`, `modality` and `target` are set, and what the recipe says of how to go about such data.
Comments stay, and so does what says nothing of the data: see KEPT.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from ruamel.yaml.error import YAMLError

from pipeline.commands.frame import run_command
from pipeline.commands.use.arguments import parser
from pipeline.commands.use.params_text import Key, content_of, values_of, with_values
from pipeline.commands.use.recipes import Recipe, named, read_recipes
from pipeline.commands.use.seen import look
from pipeline.dataset.catalog import dataset_names, entry_path
from pipeline.dataset.places import CATALOG_DIR
from pipeline.entry import read_entry
from pipeline.params import all_params
from pipeline.runtime.errors import SettingsError, one_line
from pipeline.runtime.files import written_whole
from pipeline.runtime.settings import PARAMS_FILE, parse, read_yaml

MODALITY, TARGET = "images", "classes"
"""Defaults for an entry that names none."""
KEPT: set[Key] = {
    ("seed",),
    # Decisions of people on the lawful use of the data.
    ("ingest", "purpose"),
    ("ingest", "pseudonymise"),
    # What suits the machine.
    ("augment", "engine"),
    ("train", "device"),
    ("train", "memory_mb"),
    ("train", "processes"),
}
"""Keys that a recipe does not change."""


def main(arguments: argparse.Namespace) -> None:
    name = arguments.dataset
    if name not in dataset_names():
        raise SettingsError(
            f"{CATALOG_DIR} has no dataset {name!r}; there are: {', '.join(dataset_names())}",
            fix="name one of these, or bring your data: groundwork add NAME PATH",
        )
    entry = read_yaml(entry_path(name))
    modality, target = entry.get("modality", MODALITY), entry.get("target", TARGET)
    read_entry(name, modality, target)
    before = read_yaml(PARAMS_FILE) if PARAMS_FILE.exists() else {}
    is_of_kind = (before.get("modality"), before.get("target")) == (modality, target)
    recipe, reason = choose(name, entry, read_recipes(modality, target), is_of_kind, arguments)
    template = (recipe.path if recipe else PARAMS_FILE).read_text(encoding="utf-8")
    text = PARAMS_FILE.read_text(encoding="utf-8") if before else template
    new_text = rewrite(text, template, {"dataset": name, "modality": modality, "target": target})
    parse(all_params(modality, target), content_of(new_text), PARAMS_FILE)
    print(one_line(reason))
    changes = list(differences(values_of(text) if before else {}, values_of(new_text)))
    if not changes:
        print(f"{PARAMS_FILE} is ready for {name} already")
        return
    with written_whole(PARAMS_FILE) as partial:
        partial.write_text(new_text, encoding="utf-8")
    print(f"changed in {PARAMS_FILE}:")
    for change in changes:
        print(one_line(f"  {change}"))
    print("next:\n  dvc exp run")


def choose(
    name: str,
    entry: Mapping[str, Any],
    recipes: list[Recipe],
    is_of_kind: bool,
    arguments: argparse.Namespace,
) -> tuple[Recipe | None, str]:
    """Choose a recipe, with the reason; None if params.yaml keeps its own.

    Raises:
        SettingsError: the requested recipe is not one of the `recipes`, or that of params.yaml
            cannot stay, since it is for other data.
    """
    if arguments.keep:
        if not is_of_kind:
            raise SettingsError(
                f"the settings of {PARAMS_FILE} are of another kind of data than {name}",
                fix=f"groundwork use {name}, without --keep",
            )
        return None, "recipe: none, as --keep says"
    if arguments.recipe:
        recipe = named(arguments.recipe, recipes)
        return recipe, f"recipe: {recipe.path}, as you say"
    seen = look(name, entry)
    if seen is None:
        why = f"{entry_path(name)} does not say what the data are like, and data/raw has others"
        if is_of_kind:
            return None, f"recipe: that of {PARAMS_FILE} stays, since {why}{_others(recipes)}"
        return recipes[-1], f"recipe: {recipes[-1].path}, since {why}{_others(recipes)}"
    suiting = [recipe for recipe in recipes if recipe.suits(seen.quantities)]
    best = max(suiting, key=lambda recipe: len(recipe.fits))
    unclear = [recipe for recipe in recipes if recipe.suits(seen.quantities) is None]
    return best, f"recipe: {best.path}, by {seen}{_others(unclear)}"


def _others(recipes: list[Recipe]) -> str:
    """A clause with the names of recipes that may be better."""
    names = " or ".join(recipe.path.stem for recipe in recipes if recipe.fits)
    return f"; --recipe {names} may suit them better" if names else ""


def rewrite(text: str, recipe: str, own: Mapping[str, str]) -> str:
    """Rewrite params.yaml with the values of a recipe, and those of the `own` keys.

    Raises:
        SettingsError: the text is laid out in a way that cannot be edited line by line.
    """
    by_key: dict[Key, Any] = {(key,): value for key, value in own.items()}
    old = {key: value for key, value in values_of(text).items() if key in KEPT}
    expected = values_of(recipe)
    expected |= by_key | {key: value for key, value in old.items() if key in expected}
    new_text = with_values(text, recipe, by_key, KEPT)
    with suppress(YAMLError):
        if values_of(new_text) == expected:
            return new_text
    raise SettingsError(
        f"{PARAMS_FILE} is laid out in a way that cannot be edited line by line",
        fix="write one key per line, as recipes/ have them",
    )


def differences(before: Mapping[Key, Any], after: Mapping[Key, Any]) -> Iterator[str]:
    """`train.schedule: cosine -> linear` for each key that has changed; one line for those that
    this kind of data has not."""
    for key, value in after.items():
        new = _shown(value)
        if key not in before:
            yield f"{'.'.join(key)}: {new} (new)"
        elif (old := _shown(before[key])) != new:
            yield f"{'.'.join(key)}: {old} -> {new}"
    if gone := [".".join(key) for key in before if key not in after]:
        yield f"removed, as this kind of data has no use for them: {', '.join(gone)}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
