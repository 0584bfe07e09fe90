"""Describe: what the data are like and what was found in them, for people.

reads   data/raw/index.json, data/clean/, data/findings/, data/shards/, the catalog entry
writes  reports/datacard.md, reports/croissant.json, reports/data/ (lists and pictures)
params  dataset

Nothing is computed here that another stage needs: rewording a card re-runs this stage alone.
"""

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import read_entry
from pipeline.dataset.places import CLEAN, FINDINGS, RAW, SHARDS
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.table import read_folder, read_index
from pipeline.dataset.tables import read_table
from pipeline.describe.croissant import write_croissant
from pipeline.describe.datacard import COLUMNS, Facts, write_card
from pipeline.describe.lists import write_lists
from pipeline.describe.params import DescribeParams, describe_params
from pipeline.describe.pictures import Pictures
from pipeline.runtime.stage import Stage, run_stage, write_json


def main(stage: Stage[DescribeParams]) -> None:
    entry = read_entry(stage.params.dataset)
    index, table = read_index(CLEAN), read_folder(CLEAN, COLUMNS)
    facts = Facts(
        dataset=stage.params.dataset,
        entry=entry,
        uri=without_secrets(entry.uri),
        classes=index["classes"],
        table=table,
        removed=read_table(FINDINGS, "removed", ["reason", "detail"]),
        ingest=read_index(RAW)["counts"],
        labels=read_index(FINDINGS)["labels"],
    )
    stage.output("reports/datacard.md").write_text(write_card(facts), encoding="utf-8")
    write_json(
        stage.output("reports/croissant.json"),
        write_croissant(facts.dataset, entry, index["classes"], index["files"]),
    )
    folder = stage.output("reports/data")
    folder.mkdir()
    write_lists(folder, FINDINGS)
    pictures = Pictures(folder, CLEAN, FINDINGS)
    pictures.draw_classes(table)
    pictures.draw_suspected()
    pictures.draw_duplicates()
    pictures.draw_copies(ShardReader(SHARDS))
    stage.say(f"{table.num_rows} examples: see {folder.parent / 'datacard.md'}")


if __name__ == "__main__":
    run_stage("describe", main, describe_params)
