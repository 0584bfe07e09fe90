"""Refusals of a source, before its examples are read and after."""

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import Entry, entry_path
from pipeline.dataset.table import SPLITS
from pipeline.ingest.sources.opening import annotations_of
from pipeline.ingest.survey import Survey
from pipeline.modalities.protocols.prepare import Prepare
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source
from pipeline.targets.protocols.labels import Labels


def refuse_source(entry: Entry, source: Source, prepare: Prepare, labels: Labels) -> None:
    """Stop when a source has no examples, or no labels that can be learnt.

    Raises:
        SourceError: see above; says what looks wrong in its layout too.
    """
    where = without_secrets(entry.uri)
    if not source.num_examples:
        raise SourceError(f"{where} has no {prepare.NOUN}s", fix="check uri in the catalog entry")
    try:
        labels.refuse_unfit(entry, source.labels, where)
    except SourceError as error:
        raise SourceError("; ".join([error.what, *source.doubts]), fix=error.fix) from None


def refuse_data(name: str, entry: Entry, survey: Survey, labels: Labels) -> None:
    """Stop when the data differ from the entry, have another target, or may not be used.

    Raises:
        SourceError: see above.
    """
    if entry.fingerprint not in (None, survey.fingerprint_hex):
        annotations = annotations_of(entry)
        also = f" with {without_secrets(annotations)}" if annotations else ""
        raise SourceError(
            f"the data at {without_secrets(entry.uri)}{also} are not those that the catalog entry "
            f"was written for: they have the fingerprint {survey.fingerprint_hex}, expected "
            f"{entry.fingerprint}",
            fix=f"bring those back, or accept these: groundwork add {name}",
        )
    if (misfit := survey.labels.misfit()) is not None and labels.names_in(entry) is None:
        raise SourceError(
            f"{misfit}, but target: {entry.target or 'that of params.yaml'} has one of a few "
            "labels for each example",
            fix="name another column under columns: in the catalog entry, or bring one label for "
            "each example; where these are the labels, list them under classes:",
        )
    if not survey.examples:
        if survey.unlabelled:
            raise SourceError(
                f"no example of {name} has a label: {survey.unlabelled} wait unlabelled",
                fix="give labels to some of them, and see splits: in the catalog entry",
            )
        reason, number = survey.left_out.most_common(1)[0]
        raise SourceError(
            f"no example of {name} may be used: {number} are {reason}",
            fix="see purposes and splits in the catalog entry, ingest.purpose, and data/optout",
        )
    refuse_split(name, entry, survey)


def refuse_split(name: str, entry: Entry, survey: Survey) -> None:
    """Stop when the split rule leaves a part empty, or needs a column that is missing.

    Raises:
        SourceError: see above.
    """
    rule = entry.split
    if rule.by == "group" and not len(survey.groups):
        raise SourceError(
            f"split of {name} is by: group, but no example has a group",
            fix="name the column of groups under columns: group: in the catalog entry",
        )
    empty = [split for split in SPLITS if not survey.splits[split]]
    if empty and rule.by in ("time", "last"):
        counts = ", ".join(f"{survey.splits[split]} {split}" for split in SPLITS)
        raise SourceError(
            f"split of {name} by {rule.by} leaves no example for {' and '.join(empty)}: {counts}, "
            f"{survey.left_out.total()} left out",
            fix=f"change val and test under split: in {entry_path(name)}, or horizon and embargo",
        )
