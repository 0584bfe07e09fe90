"""The command `groundwork`: everything that people run beside the pipeline.

    groundwork COMMAND ...

`groundwork_launcher.py` finds the project and starts this in its root. What a command imports is
imported when its arguments are right, so that a mistake and `--help` are answered at once.
"""

import difflib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline.commands.frame import run_command, stand_in
from pipeline.commands.groundwork.listing import COMMANDS
from pipeline.runtime.errors import one_line

USAGE_ERROR = 2
EPILOG = """\
groundwork COMMAND --help says what a command takes. All of them run in the project that the current
folder is in, or in that of --project DIR; dvc repro runs the pipeline itself.
"""


def run(arguments: Sequence[str], start: Path) -> None:
    """Run a command, given as a shell gives it, for somebody in the folder `start`; and exit."""
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help", "help"):
        print(overview(), end="")
        return
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        fix = f"did you mean groundwork {near[0]}? " if near else ""
        what = "option" if name.startswith("-") else "command"
        print(
            one_line(f"ERROR groundwork has no {what} {name} | fix: {fix}see groundwork --help"),
            file=sys.stderr,
        )
        sys.exit(USAGE_ERROR)
    stand_in(start)
    parsed = COMMANDS[name].parser().parse_args(rest)
    run_command(partial(COMMANDS[name].main, parsed))


def overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.sentence}\n" for name, command in COMMANDS.items()]
    usage = "usage: groundwork [--project DIR] COMMAND ...\n"
    return f"{usage}\ncommands:\n{''.join(lines)}\n{EPILOG}"


if __name__ == "__main__":
    run(sys.argv[1:], Path.cwd())
