"""The command `groundwork`: finds the project that one stands in, as git does, and runs its code.

    groundwork [--project DIR] COMMAND ...

This file alone is installed (pyproject.toml); what it runs is pipeline/commands of the project: the
nearest folder, from the current one or DIR upwards, that has dvc.yaml and pipeline/.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

USAGE = """\
usage: groundwork [--project DIR] COMMAND ...

Runs a command of a Groundwork project: of the one that the current folder, or DIR, is in. There,
groundwork --help lists its commands.
"""
FIX = "go to your project, or name it: groundwork --project DIR COMMAND ..."
USAGE_ERROR, INTERRUPTED = 2, 130


def main() -> None:
    """Run the command that sys.argv names, in the project, and exit."""
    arguments = sys.argv[1:]
    try:
        start = Path.cwd()
    except FileNotFoundError:
        refuse("the current folder exists no longer")
    place = start
    while arguments and arguments[0].split("=")[0] == "--project":
        _, equals, name = arguments.pop(0).partition("=")
        if not equals:
            name = arguments.pop(0) if arguments else ""
        place = start / name
        if not name or not place.is_dir():
            refuse(f"--project is {name!r}, which is no folder")
    root = find_root(place)
    if root is None:
        if not arguments or arguments[0] in ("-h", "--help"):
            print(USAGE, end="")
            return
        refuse(f"{place} is in no project: no folder from there upwards has dvc.yaml and pipeline/")
    os.chdir(root)
    sys.path.insert(0, str(root))
    try:
        from pipeline.commands.groundwork.__main__ import run

        run(arguments, start=start)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def find_root(place: Path) -> Path | None:
    """The nearest folder, from `place` upwards, that is a project; None where there is none."""
    here = place.resolve()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file() and (folder / "pipeline").is_dir():
            return folder
    return None


def refuse(what: str) -> NoReturn:
    print(f"ERROR {what} | fix: {FIX}", file=sys.stderr)
    sys.exit(USAGE_ERROR)


if __name__ == "__main__":
    main()
