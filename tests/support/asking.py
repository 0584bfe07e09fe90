"""Commands that run in this process: their status, and what they print."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import pytest

from pipeline.commands.frame import run_command


class Said(NamedTuple):
    status: int
    out: str
    err: str


def ask(
    room: ModuleType,
    parser: Callable[[], ArgumentParser],
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> Said:
    """Run the `main` of a room with arguments of the command line."""
    parsed: Namespace = parser().parse_args(arguments)
    capsys.readouterr()
    status = 0
    try:
        run_command(lambda: room.main(parsed))
    except SystemExit as end:
        status = int(end.code or 0)
    return Said(status, *capsys.readouterr())
