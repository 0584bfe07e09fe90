"""The frame of a command that people run beside the pipeline."""

import sys
from collections.abc import Callable

from pipeline.runtime.errors import GroundworkError


def run_command(main: Callable[[], None]) -> None:
    """Run `main` and exit: 0, or 1 with one line, or 130 when interrupted."""
    try:
        main()
    except GroundworkError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
