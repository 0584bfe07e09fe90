"""The frame of a command that people run beside the pipeline."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.runtime.errors import GroundworkError
from pipeline.runtime.process import say_error

INTERRUPTED, BROKEN_PIPE = 130, 141  # 128 + the number of the signal, as in shells

_start = Path()


def stand_in(folder: Path) -> None:
    """Make paths of the command line relative to `folder`; commands run in the project's root."""
    global _start
    root = Path.cwd()
    _start = folder.relative_to(root) if folder.is_relative_to(root) else folder


def from_start(text: str) -> Path:
    """Convert a path of the command line to one from the project's root."""
    return _start / Path(text).expanduser()


def as_given(path: Path) -> Path:
    """The original text of a path made by `from_start`."""
    return path.relative_to(_start) if path.is_relative_to(_start) else path


def run_command(main: Callable[[], None]) -> None:
    """Run `main` and exit: 0, or 1 with one line, or 128 + n after signal n."""
    try:
        main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except (GroundworkError, OSError, UnicodeError) as error:
        say_error(error)
        sys.exit(1)
