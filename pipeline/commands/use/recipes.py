"""Recipes: whole params.yaml files in recipes/, and the choice of one for a dataset.

A recipe is called <modality>-<target>.yaml, or <modality>-<target>-<variant>.yaml. A variant says
in its comment which data it is made for, as ranges that include both ends:

    # fits: {examples: [2000, null], image_size: [16, 64], channels: [3, 3]}

`examples` is their number; the other keys are from the modality's content index in data/raw.
The recipe without a variant is for all data that no variant fits.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.runtime.errors import SettingsError

RECIPES_DIR = Path("recipes")
FITS = re.compile(r"^# fits: (.*)$", re.MULTILINE)


class Recipe(NamedTuple):
    """A file of recipes/."""

    path: Path
    fits: dict[str, tuple[float, float]]
    """The least and the greatest value of each quantity."""

    def suits(self, seen: Mapping[str, Sequence[float]]) -> bool | None:
        """Whether the recipe is made for data with these quantities; None if too few are known."""
        known = {name: limits for name, limits in self.fits.items() if name in seen}
        for name, (low, high) in known.items():
            if not all(low <= value <= high for value in seen[name]):
                return False
        return True if len(known) == len(self.fits) else None


def read_recipes(modality: str, target: str) -> list[Recipe]:
    """The recipes of a kind of data: the variants by name, then the one for all others.

    Raises:
        SettingsError: there is none for all others.
    """
    kind = f"{modality}-{target}"
    default = RECIPES_DIR / f"{kind}.yaml"
    if not default.is_file():
        raise SettingsError(
            f"there is no recipe for {modality} of {target}: {default} does not exist",
            fix=f"write {default}, a whole params.yaml",
        )
    variants = sorted(RECIPES_DIR.glob(f"{kind}-*.yaml"))
    return [Recipe(path, read_fits(path)) for path in (*variants, default)]


def read_fits(path: Path) -> dict[str, tuple[float, float]]:
    """Read the ranges in the comment of a recipe.

    Raises:
        SettingsError: they are not ranges of numbers.
    """
    found = FITS.search(path.read_text(encoding="utf-8"))
    try:
        ranges: dict[str, Any] = YAML(typ="safe", pure=True).load(found[1]) if found else {}
        return {
            name: (float("-inf" if low is None else low), float("inf" if high is None else high))
            for name, (low, high) in ranges.items()
        }
    except (YAMLError, AttributeError, TypeError, ValueError):
        raise SettingsError(
            f"{path}: the comment `# fits:` must be {{quantity: [least, greatest], ...}}",
            fix="mend it, with null where there is no limit",
        ) from None


def named(name: str, recipes: Sequence[Recipe]) -> Recipe:
    """Find a recipe by its file, its file without .yaml, or its variant.

    Raises:
        SettingsError: it is none of these.
    """
    for recipe in recipes:
        stem = recipe.path.stem
        if name in (stem, *stem.split("-")[2:], recipe.path.name, str(recipe.path)):
            return recipe
    known = ", ".join(recipe.path.stem for recipe in recipes)
    raise SettingsError(f"there is no recipe {name!r} for these data", fix=f"name one of {known}")
