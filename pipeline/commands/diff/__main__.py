"""Diff: which examples changed between two versions of the data.

    groundwork diff main           the workspace against main
    groundwork diff v1 v2          any two commits, branches or experiments

Reads reports/rows.csv as git has it: neither DVC's cache nor a remote is needed. Examples are named
by their ids where data/raw is at hand, in the workspace or in DVC's cache; else by their keys.
Exit status: 1 when a condition of --fail-on is met, else 0.
"""

import argparse
import sys

from pipeline.commands.diff.arguments import parser
from pipeline.commands.diff.changes import Changes, compare_rows
from pipeline.commands.diff.limits import passed
from pipeline.commands.diff.origins import Origins
from pipeline.commands.diff.report import as_markdown, as_text, heading, write_list
from pipeline.commands.diff.summary import summarise
from pipeline.commands.frame import as_given, run_command
from pipeline.commands.history.data_at import raw_at
from pipeline.commands.history.rows_at import WORKSPACE, dataset_at, read_rows
from pipeline.runtime.errors import one_line


def main(arguments: argparse.Namespace) -> None:
    revisions = [arguments.base, arguments.candidate]
    changes = compare_rows(*map(read_rows, revisions))
    summary = summarise(changes, read_origins(changes, arguments.base))
    title = heading(
        [arguments.base, arguments.candidate or WORKSPACE], [*map(dataset_at, revisions)], changes
    )
    if arguments.csv:
        write_list(sys.stdout, summary)
    elif arguments.markdown:
        print("\n".join(as_markdown(title, changes, summary, arguments.show)))
    else:
        lines = [title, *as_text(changes, summary, arguments.show)]
        print("\n".join(map(one_line, lines)))
    if arguments.pictures:
        from pipeline.commands.diff.pictures import draw_changes

        drawn = draw_changes(
            summary, raw_at(arguments.base), raw_at(arguments.candidate), arguments.pictures
        )
        print(f"{drawn}: {as_given(arguments.pictures)}", file=sys.stderr)
    failures = passed(arguments.fail_on, summary, changes.before.num_rows)
    for sentence in failures:
        print(f"FAIL {sentence}", file=sys.stderr)
    sys.exit(int(bool(failures)))


def read_origins(changes: Changes, base: str) -> Origins:
    """What data/raw says of the examples that changed: of the workspace, then of the cache."""
    origins = Origins()
    keys = {key for kind in changes.kinds for key in changes.keys(kind)}
    for revision in (None, base):
        if keys - origins.ids.keys():
            raw = raw_at(revision)
            if raw is not None:
                origins.look_into(raw, keys)
    return origins


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
