"""Describe: what the data are like and what was found in them, for people.

reads   data/raw/, data/expectations.csv, data/clean/, data/findings/, data/shards/, the catalog
        entry
writes  reports/datacard.md, reports/croissant.json, reports/rows.csv (a line for each example),
        reports/data/ (lists and pictures)
params  dataset, modality, target, report

Nothing is computed here that another stage needs: rewording a card re-runs this stage alone.
"""

import csv
import shutil

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.places import CLEAN, EXPECTATIONS, FINDINGS, RAW, SHARDS
from pipeline.dataset.rows import PARTS_FOLDER, ROWS_FILE, write_rows
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import read_folder, read_index
from pipeline.dataset.tables import read_table
from pipeline.describe.croissant import write_croissant
from pipeline.describe.datacard import Facts, columns_of, write_card
from pipeline.describe.lists import write_lists
from pipeline.describe.params import DescribeParams, describe_params
from pipeline.describe.pictures import Pictures
from pipeline.describe.rows import all_rows
from pipeline.entry import read_entry
from pipeline.modalities.opening import open_show
from pipeline.runtime.json_files import write_json
from pipeline.runtime.stage import Stage, run_stage
from pipeline.targets.opening import open_describe, open_labels


def main(stage: Stage[DescribeParams]) -> None:
    params = stage.params
    show, target = open_show(params.modality), open_describe(params.target)
    entry = read_entry(params.dataset, params.modality, params.target)
    index, table = read_index(CLEAN), read_folder(CLEAN, columns_of(show, target))
    raw = read_index(RAW)
    facts = Facts(
        dataset=params.dataset,
        entry=entry,
        uri=without_secrets(entry.uri),
        target_index=index["target"],
        table=table,
        removed=read_table(FINDINGS, "removed", ["reason", "detail"]),
        ingest=raw["counts"],
        labels=read_index(FINDINGS)["labels"],
        noticed=raw.get("noticed", ()),
        unjudged=read_unjudged(),
        parts_groups="parts_groups" in raw,
    )
    card = write_card(facts, show, target)
    stage.output("reports/datacard.md").write_text(card, encoding="utf-8")
    write_json(
        stage.output("reports/croissant.json"),
        write_croissant(facts.dataset, entry, index, show, target),
    )
    folder = stage.output("reports/data")
    folder.mkdir()
    write_lists(folder, FINDINGS, target, index["target"])
    shutil.copy(EXPECTATIONS, folder / EXPECTATIONS.name)
    rows = all_rows(RAW, CLEAN, FINDINGS, open_labels(params.target).COLUMN)
    write_rows(stage.output(str(ROWS_FILE)), folder / PARTS_FOLDER.name, rows)
    is_shown = bool(params.report.get("texts", True))
    pictures = Pictures(folder, CLEAN, FINDINGS, show, target, is_shown=is_shown)
    pictures.draw_sheet(table)
    pictures.draw_suspected()
    pictures.draw_duplicates()
    pictures.draw_copies(ShardReader(SHARDS))
    stage.say(f"{table.num_rows} examples: see {folder.parent / 'datacard.md'}")


def read_unjudged() -> list[tuple[str, str]]:
    """Checks of validate that could not be judged, and why."""
    with EXPECTATIONS.open(newline="", encoding="utf-8") as file:
        rows = [(row["expectation"], row["not_judged"]) for row in csv.DictReader(file)]
    return [(expectation, reason) for expectation, reason in rows if reason]


if __name__ == "__main__":
    run_stage("describe", main, describe_params)
