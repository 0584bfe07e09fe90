"""Catalog entries with what a modality and a target add to them."""

from pipeline.dataset.catalog import Entry, parse_entry
from pipeline.modalities.opening import modality_fields
from pipeline.runtime.settings import with_fields
from pipeline.targets.opening import target_fields


def entry_type(modality: str, target: str) -> type[Entry]:
    """The type of a catalog entry for this modality and target."""
    return with_fields(
        Entry,
        modality_fields(modality, "prepare", "EntryFields"),
        target_fields(target, "labels", "EntryFields"),
        columns=(
            modality_fields(modality, "prepare", "ColumnFields"),
            target_fields(target, "labels", "ColumnFields"),
        ),
    )


def read_entry(name: str, modality: str, target: str) -> Entry:
    """Read the catalog entry of the dataset `name`.

    Raises:
        SettingsError: there is no such entry, it has an impossible value, or it is of another
            modality or target.
    """
    return parse_entry(name, entry_type(modality, target), modality, target)
