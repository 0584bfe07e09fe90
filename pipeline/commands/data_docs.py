"""Great Expectations' own pages about the dataset, its Data Docs: `make data-docs`.

    python -m pipeline.commands.data_docs

Asks again what validate asks of data/raw, keeps suites and results below .groundwork/data_docs, and
builds the pages there.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.commands.frame import run_command
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.places import RAW
from pipeline.dataset.table import read_folder, read_index, read_schema
from pipeline.entry import read_entry
from pipeline.modalities.opening import open_checks
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.settings import Kind, read_params
from pipeline.runtime.stage import WORK_DIR
from pipeline.targets.opening import open_rules
from pipeline.validate.assessment import assess
from pipeline.validate.columns import expected_columns, time_type
from pipeline.validate.expectations import Outcome, check, quiet, suite_of
from pipeline.validate.params import validate_params
from pipeline.validate.profile import read_profile

FOLDER = WORK_DIR / "data_docs"


class Pages:
    """Each table and what is asked of it, kept for Great Expectations to write about."""

    def __init__(self, folder: Path) -> None:
        import great_expectations as gx

        quiet()
        self._context = gx.get_context(mode="file", project_root_dir=folder)
        self._context.variables.progress_bars = {"globally": False}
        self._source = self._context.data_sources.add_pandas("tables")
        self._asked: Counter[str] = Counter()

    def ask(self, table: pd.DataFrame, rules: Sequence[Rule], noun: str) -> list[Outcome]:
        """What `check` answers; the same is asked once more for the pages."""
        import great_expectations as gx

        outcomes = check(table, rules, noun)
        asked = [rule for rule in rules if not rule.lacking]
        if asked:
            self._asked[noun] += 1
            name = f"{noun} {self._asked[noun]}" if self._asked[noun] > 1 else noun
            suite = self._context.suites.add(suite_of(asked, name))
            asset = self._source.add_dataframe_asset(name)
            definition = gx.ValidationDefinition(
                name=name, data=asset.add_batch_definition_whole_dataframe("all"), suite=suite
            )
            self._context.validation_definitions.add(definition).run(
                batch_parameters={"dataframe": table}, result_format="SUMMARY"
            )
        return outcomes

    def build(self) -> Any:
        """The address of the first page."""
        return self._context.build_data_docs()["local_site"]


def main() -> None:
    kind = read_params(Kind)
    params = read_params(validate_params(kind.modality, kind.target))
    if not RAW.exists():
        raise MissingInput(f"{RAW} does not exist", fix="dvc repro ingest")
    checks, labels = open_checks(params.modality), open_rules(params.target)
    index = read_index(RAW)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    pages = Pages(FOLDER)
    assess(
        read_folder(RAW, expected_columns(checks, labels, time_type(read_schema(RAW))).names),
        index,
        read_entry(params.dataset, params.modality, params.target).expectations,
        checks,
        labels,
        settings=params.validation,
        before=read_profile(params.dataset, checks.features(index["content"])),
        ask=pages.ask,
    )
    print(f"data docs: {pages.build()}")


if __name__ == "__main__":
    run_command(main)
