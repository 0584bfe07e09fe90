"""Ingest: bring the data in, without personal metadata, measured, with provenance and splits.

reads   data/catalog/<dataset>.yaml, the source that it names, data/optout/<dataset>.csv
writes  data/raw/, reports/ingest.json
params  dataset, seed, ingest
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from pipeline.dataset.catalog import read_entry
from pipeline.dataset.examples import OPTED_OUT, SPLITS, Rows, Task, make_rows
from pipeline.dataset.privacy import read_opted_out, read_or_make_key
from pipeline.dataset.records import RAW_SCHEMA, write_index, write_tables
from pipeline.dataset.sources import Source, open_source
from pipeline.dataset.sources.trees import UNPACKED_DIR
from pipeline.runtime.errors import SourceError
from pipeline.runtime.process import map_ordered
from pipeline.runtime.stage import Stage, run_stage

LARGEST_DEFAULT_SIDE = 224  # pixels; what most pretrained networks expect
METADATA_REPORTED = ("exif", "gps", "xmp", "iptc", "comment", "thumbnail", "profile", "trailer")


def main(stage: Stage) -> None:
    params = stage.params
    entry = read_entry(params.dataset)
    source = open_source(entry, params.ingest.max_file_mb * 1e6)
    make_task = partial(
        Task,
        classes=source.classes,
        splits_given=source.splits,
        fractions=entry.split,
        seed=params.seed,
        max_pixels=params.ingest.max_megapixels * 1e6,
        source=entry.uri,
        license=entry.license,
        purposes=" ".join(entry.purposes) if entry.purposes else None,
        purpose=params.ingest.purpose,
        opted_out=read_opted_out(params.dataset),
        pseudonym_key=read_or_make_key() if params.ingest.pseudonymise else None,
    )
    folder = stage.output("data/raw")
    seen = Summary()
    tasks = (make_task(batch) for batch in source.batches)
    rows = seen.count(stage, map_ordered(make_rows, tasks), source)
    files = write_tables(folder, rows, RAW_SCHEMA)
    left_out = seen.left_out.total()
    assert seen.examples + left_out == source.num_examples, "every example is accounted for"
    shutil.rmtree(UNPACKED_DIR, ignore_errors=True)
    if not source.num_examples:
        raise SourceError(f"{entry.uri} has no examples", fix="check uri in the catalog entry")
    if not seen.examples:
        reason, number = seen.left_out.most_common(1)[0]
        raise SourceError(
            f"no example of {params.dataset} may be used: {number} are {reason}",
            fix="see purposes in the catalog entry, ingest.purpose, and data/optout",
        )
    image_size = entry.image_size or seen.common_size()
    write_index(
        folder,
        files,
        dataset=params.dataset,
        license=entry.license,
        classes=source.classes,
        image_size=image_size,
        channels=3 if 3 in seen.channels else 1,
    )
    opted_out = seen.left_out.pop(OPTED_OUT, 0)
    report = {
        "examples": seen.examples,
        **{split: seen.splits[split] for split in SPLITS},
        "classes": len(source.classes),
        "unreadable": seen.problems,
        "opted_out": opted_out,
        "other_purpose": seen.left_out.total(),
        **{f"with_{kind}": seen.metadata[kind] for kind in METADATA_REPORTED},
    }
    stage.write_report("reports/ingest.json", report)
    counts = ", ".join(f"{seen.splits[split]} {split}" for split in SPLITS)
    stage.say(f"{seen.examples} examples of {len(source.classes)} classes: {counts}")
    if entry.image_size is None and len(seen.sizes) > 1:
        stage.say(
            f"images differ in size; training will see {image_size[0]} x {image_size[1]} "
            "(`image_size` in the catalog entry chooses another)"
        )
    for kind, number in sorted(seen.metadata.items()):
        stage.say(f"removed {kind} metadata from {number} images")
    if opted_out:
        stage.say(f"left out {opted_out} examples that are opted out")
    for reason, number in sorted(seen.left_out.items()):
        stage.say(f"left out {number} examples: {reason}")
    if seen.problems:
        stage.say(f"{seen.problems} images are unreadable; validate lists them")


class Summary:
    """What passes by while the tables are written."""

    def __init__(self) -> None:
        self.examples = 0
        self.problems = 0
        self.left_out: Counter[str] = Counter()
        self.splits: Counter[str] = Counter()
        self.metadata: Counter[str] = Counter()
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.channels: set[int] = set()

    def count(self, stage: Stage, made: Iterator[Rows], source: Source) -> Iterator[pa.Table]:
        with stage.progress_bar(source.num_examples, "image") as bar:
            for table, left_out in made:
                self.left_out.update(left_out)
                readable = table.filter(table["problem"].is_null())
                sizes = readable.select(["height", "width"]).to_pydict()
                self.examples += table.num_rows
                self.problems += table.num_rows - readable.num_rows
                self.splits.update(table["split"].to_pylist())
                self.sizes.update(zip(sizes["height"], sizes["width"], strict=True))
                self.channels.update(readable["channels"].to_pylist())
                for kinds in readable["metadata_removed"].to_pylist():
                    self.metadata.update(kinds.split(",") if kinds else [])
                bar.update(table.num_rows + left_out.total())
                yield table

    def common_size(self) -> list[int]:
        """The height and width of every image, or a square as large as most images allow."""
        if len(self.sizes) == 1:
            return list(next(iter(self.sizes)))
        shorter = sorted(min(size) for size in self.sizes.elements())
        side = min(shorter[len(shorter) // 2], LARGEST_DEFAULT_SIDE) if shorter else 1
        return [side, side]


if __name__ == "__main__":
    run_stage("ingest", main)
