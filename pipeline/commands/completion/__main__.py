"""Completion: print what makes a shell complete the commands of `groundwork`.

Names of datasets are read from the project on completion; all else is in the script, which must
be made again for new commands or options.
"""

import argparse

import shtab

from pipeline.commands.completion.arguments import SHELLS, parser
from pipeline.commands.frame import run_command
from pipeline.commands.groundwork.listing import COMMANDS
from pipeline.dataset.catalog import dataset_names
from pipeline.runtime.errors import SettingsError

LIST = "groundwork completion --datasets 2>/dev/null"
DATASETS = shtab.cmd(LIST)
# zsh would run shtab's version when the script is loaded, not when a name is completed.
DATASETS["zsh"] = "_groundwork_datasets"
DATASETS["preamble"]["zsh"] = f"_groundwork_datasets() {{ compadd -- $({LIST}) }}"
COMPLETED = {
    "dataset": DATASETS,
    "name": DATASETS,
    "uri": shtab.FILE,
    "files": shtab.FILE,
    "ids_file": shtab.FILE,
    "project": shtab.DIRECTORY,
}
"""How a shell completes an argument, by its name."""


def main(arguments: argparse.Namespace) -> None:
    if arguments.datasets:
        print("\n".join(dataset_names()))
    elif arguments.shell:
        print(shtab.complete(whole_parser(), arguments.shell))
    else:
        raise SettingsError(
            "no shell is named", fix=f"name one of {', '.join(SHELLS)}: groundwork completion bash"
        )


def whole_parser() -> argparse.ArgumentParser:
    """All commands as one parser, which shtab reads."""
    whole = argparse.ArgumentParser(prog="groundwork")
    project = whole.add_argument("--project", metavar="DIR", help="another project than this")
    mark(project)
    commands = whole.add_subparsers()
    for name, command in COMMANDS.items():
        own = command.parser()
        for action in own._actions:
            mark(action)
        commands.add_parser(name, help=command.sentence, parents=[own], add_help=False)
    return whole


def mark(action: argparse.Action) -> None:
    """Note in an argument how a shell completes it, in the form of shtab."""
    if action.dest in COMPLETED:
        action.complete = COMPLETED[action.dest]  # type: ignore[attr-defined]


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
