"""Validate: Great Expectations over the table of measurements; a broken dataset stops here.

reads   data/raw/, data/catalog/<dataset>.yaml
writes  reports/validation.json, data/quarantine.csv (unusable examples, which clean removes)
params  dataset, validate
"""

from pathlib import Path

import pandas as pd

from pipeline.dataset.catalog import read_entry
from pipeline.dataset.expectations import Outcome, add_derived_columns, built_in, check
from pipeline.dataset.records import MEASUREMENTS, read_folder, read_index
from pipeline.runtime.errors import BrokenDataset, one_line
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage

RAW = Path("data/raw")
EVIDENCE = WORK_DIR / "failed_validation.csv"  # outputs of a failed stage are not published


def main(stage: Stage) -> None:
    params = stage.params
    entry = read_entry(params.dataset)
    limits = params.validation
    table = read_folder(RAW, MEASUREMENTS).to_pandas(strings_to_categorical=False)
    for name in table.select_dtypes("category"):
        table[name] = table[name].astype("str")  # Great Expectations knows no categories
    unreadable = table[table["problem"].notna()]
    readable = table[table["problem"].isna()]

    expectations = built_in(read_index(RAW)["classes"], limits.min_examples_per_class)
    expectations += entry.expectations
    outcomes = check(add_derived_columns(readable), expectations)
    failed = [outcome for outcome in outcomes if not outcome.success]
    critical = [outcome for outcome in failed if outcome.severity == "critical"]
    fraction = len(unreadable) / len(table)
    too_many = fraction > limits.max_quarantined_fraction

    quarantine = unreadable[["id", "problem"]].rename(columns={"problem": "reason"})
    quarantine.sort_values("id").to_csv(stage.output("data/quarantine.csv"), index=False)
    stage.write_report(
        "reports/validation.json",
        {
            "success": not critical and not too_many,
            "examples": len(table),
            "expectations": len(outcomes),
            "failed_critical": len(critical),
            "failed_warning": len(failed) - len(critical),
            "quarantined": len(unreadable),
        },
    )
    print_failures(failed, unreadable)
    if critical or too_many:
        write_evidence(failed, unreadable)
    if too_many:
        raise BrokenDataset(
            f"{len(unreadable)} of {len(table)} images ({fraction:.1%}) are unreadable, at most "
            f"{limits.max_quarantined_fraction:.1%} may be (validate.max_quarantined_fraction)",
            fix=f"mend the images listed in {EVIDENCE}, or allow more",
        )
    if critical:
        raise BrokenDataset(
            f"dataset {params.dataset} fails {len(critical)} critical expectations, "
            f"first: {critical[0].name}; found {critical[0].observed or 'otherwise'}",
            fix=f"mend the data or its catalog entry; {EVIDENCE} lists the examples",
        )
    stage.say(
        f"{len(outcomes) - len(failed)} of {len(outcomes)} expectations hold, "
        f"{len(unreadable)} examples set aside"
    )


def write_evidence(failed: list[Outcome], unreadable: pd.DataFrame) -> None:
    """Every example that fails something, and what."""
    rows = list(unreadable[["id", "problem"]].itertuples(index=False, name=None))
    rows += [(id, outcome.name) for outcome in failed for id in outcome.failed_ids]
    EVIDENCE.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=["id", "reason"]).to_csv(EVIDENCE, index=False)


def print_failures(failed: list[Outcome], unreadable: pd.DataFrame) -> None:
    """A short table that a person can act on; silent when there is nothing to say."""
    if failed:
        width = max(len(outcome.name) for outcome in failed)
        print(f"{'severity':10}{'expected':{width + 2}}found")
        for outcome in failed:
            print(one_line(f"{outcome.severity:10}{outcome.name:{width + 2}}{outcome.observed}"))
    for id, problem in unreadable[["id", "problem"]].head(10).itertuples(index=False):
        print(one_line(f"unreadable {id}: {problem}"))
    if len(unreadable) > 10:
        print(f"... and {len(unreadable) - 10} more unreadable images")


if __name__ == "__main__":
    run_stage("validate", main)
