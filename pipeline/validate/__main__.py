"""Validate: Great Expectations over the table of measurements; a broken dataset stops here.

reads   data/raw/, data/catalog/<dataset>.yaml, data/profiles/<dataset>.json where there is one
writes  data/profile.json (what the data are like), reports/validation.json,
        data/quarantine.csv (examples that cannot be used, which clean removes),
        data/expectations.csv (what was expected, and whether it holds)
params  dataset, modality, target, validate
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.dataset.expectations.rules import PROFILE
from pipeline.dataset.places import EXPECTATIONS, PROFILE_FILE, PROFILES_DIR, QUARANTINE, RAW
from pipeline.dataset.table import read_folder, read_index, read_schema
from pipeline.entry import read_entry
from pipeline.modalities.opening import open_checks
from pipeline.runtime.errors import BrokenDataset, one_line
from pipeline.runtime.files import optional
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage
from pipeline.targets.opening import open_rules
from pipeline.validate.assessment import Assessment, assess
from pipeline.validate.columns import expected_columns, time_type
from pipeline.validate.expectations import Outcome
from pipeline.validate.params import ValidateParams, validate_params
from pipeline.validate.profile import read_profile, unknown_features

EVIDENCE = WORK_DIR / "failed_validation.csv"  # outputs of a failed stage are not published
NUM_PRINTED = 10
HEAD = ("expectation", "consequence", "result", "found", "not_judged")
"""Columns of data/expectations.csv; not_judged gives the reason, for all or for some rows."""


def main(stage: Stage[ValidateParams]) -> None:
    params = stage.params
    limits = params.validation
    checks, labels = open_checks(params.modality), open_rules(params.target)
    table = read_folder(RAW, expected_columns(checks, labels, time_type(read_schema(RAW))).names)
    index = read_index(RAW)
    features = checks.features(index["content"])
    before = read_profile(params.dataset, features)
    accepted = str(PROFILES_DIR / f"{params.dataset}.json")
    found = assess(
        table,
        index,
        read_entry(params.dataset, params.modality, params.target).expectations,
        checks,
        labels,
        settings=limits,
        before=before,
    )
    critical, warnings = found.failed("critical"), found.failed("warning")
    num, num_quarantined = table.num_rows, len(found.quarantine)
    fraction = num_quarantined / max(num, 1)
    too_many = fraction > limits.max_quarantined_fraction
    write_rows(stage.output(str(QUARANTINE)), ("id", "reason"), found.quarantine.items())
    write_rows(stage.output(str(EXPECTATIONS)), HEAD, map(row_of, found.outcomes))
    stage.write_report(str(PROFILE_FILE), found.profile)
    judged = [outcome for outcome in found.outcomes if outcome.judged]
    report: dict[str, int | str] = {
        "success": not critical and not too_many,
        "examples": num,
        "expectations": len(judged),
        "failed_critical": len(critical),
        "failed_warning": len(warnings),
        "quarantined": num_quarantined,
    }
    if unjudged := found.unjudged():
        report["could_not_judge"] = "; ".join(f"{name}: {reason}" for name, reason in unjudged)
    stage.write_report("reports/validation.json", report)
    print_failures(found)
    print_unjudged(found)
    if critical or too_many:
        with optional(str(EVIDENCE), "it does not list the examples"):
            rows = [*found.quarantine.items(), *failed_rows(found)]
            write_rows(EVIDENCE, ("id", "reason"), rows)
    if critical:
        raise BrokenDataset(
            f"dataset {params.dataset} fails {len(critical)} critical expectations, "
            f"first: {critical[0].name}; found {critical[0].observed or 'otherwise'}",
            fix=f"mend the data or its catalog entry; {EVIDENCE} lists the examples",
        )
    if too_many:
        raise BrokenDataset(
            f"{num_quarantined} of {num} examples ({fraction:.1%}) are to be set aside, at most "
            f"{limits.max_quarantined_fraction:.1%} may be (validate.max_quarantined_fraction)",
            fix=f"mend what {EVIDENCE} lists, or allow more",
        )
    held = sum(outcome.success for outcome in judged)
    could_not = len(found.outcomes) - len(judged)
    stage.say(
        f"{held} of {len(judged)} expectations hold, {num_quarantined} examples set aside"
        + (
            f", {could_not} expectation{'s' * (could_not > 1)} could not be judged"
            if could_not
            else ""
        )
    )
    if before is not None and (unknown := unknown_features(before, features)):
        stage.say(
            f"not compared with the accepted profile, which does not know it: {', '.join(unknown)}"
        )
    if any(outcome.rule.about == PROFILE for outcome in warnings):
        stage.say(
            "the data differ from their accepted profile; where that is meant: "
            f"cp {PROFILE_FILE} {accepted}"
        )


def failed_rows(found: Assessment) -> list[tuple[str, str]]:
    """Each row that fails a rule, and the rule, except rows set aside."""
    failed = found.failed("critical") + found.failed("warning")
    return [(id, outcome.name) for outcome in failed for id in outcome.failed_ids]


def row_of(outcome: Outcome) -> tuple[str, ...]:
    """A line of data/expectations.csv, with the columns HEAD."""
    result = ("holds" if outcome.success else "fails") if outcome.judged else "not judged"
    return (outcome.name, outcome.consequence, result, outcome.observed, outcome.unjudged)


def write_rows(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def print_unjudged(found: Assessment) -> None:
    for name, reason in found.unjudged()[:NUM_PRINTED]:
        print(one_line(f"could not be judged: {name} ({reason})"))
    if (more := len(found.unjudged()) - NUM_PRINTED) > 0:
        print(f"... and {more} more, see {EXPECTATIONS}")


def print_failures(found: Assessment) -> None:
    """A short table that a person can act on; silent when there is nothing to say."""
    failed = [o for kind in ("critical", "set aside", "warning") for o in found.failed(kind)]
    if failed:
        width = max(len(outcome.name) for outcome in failed) + 2
        print(f"{'':11}{'expected':{width}}found")
        for outcome in failed:
            print(one_line(f"{outcome.consequence:11}{outcome.name:{width}}{outcome.observed}"))
            if outcome.rule.advice:
                print(f"{'':11}{outcome.rule.advice}")
    shown = list(found.quarantine.items())[:NUM_PRINTED]
    for id, reason in shown:
        print(one_line(f"set aside {id}: {reason}"))
    if len(found.quarantine) > len(shown):
        print(f"... and {len(found.quarantine) - len(shown)} more")


if __name__ == "__main__":
    run_stage("validate", main, validate_params)
