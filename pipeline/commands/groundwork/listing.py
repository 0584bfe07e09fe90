"""Names of the commands of `groundwork`, each with its room and a sentence."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple


class Command(NamedTuple):
    """A room of pipeline/commands with `parser` in arguments.py and `main` in __main__.py."""

    room: str
    sentence: str

    def parser(self) -> ArgumentParser:
        make: Callable[[], ArgumentParser] = import_module(f"{self.room}.arguments").parser
        return make()

    def main(self, arguments: Namespace) -> None:
        run: Callable[[Namespace], None] = import_module(f"{self.room}.__main__").main
        run(arguments)


def _rooms(**sentences: str) -> dict[str, Command]:
    return {name: Command(f"pipeline.commands.{name}", text) for name, text in sentences.items()}


COMMANDS = _rooms(
    add="look at data and write their catalog entry",
    use="make params.yaml ready for a dataset",
    review="decide about doubtful labels, on a local page",
    find="find examples by a condition, or those that are like one",
    trace="say where an example comes from, and what became of it",
    diff="say which examples changed between two versions of the data",
    predict="ask the model in models/ about new examples",
    serve="answer requests over HTTP, and record the answers",
    search="search for better hyperparameters, each trial an experiment",
    monitor="say whether what is served is still like validation, and how good it is",
    collect="choose served examples to look at, and take what people decided as data",
    adjust="make a candidate from unlabelled traffic, for promote to judge",
    promote="tag a model for production, if it wins against the one that serves there",
    compare="say whether the change from one run to another is real",
    forget="erase examples from everything that DVC and git keep, with a receipt",
    repair="mend what a killed run may leave, so that DVC works again",
    completion="print what makes a shell complete these commands",
)
