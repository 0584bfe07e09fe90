"""What `groundwork completion` takes."""

import argparse

SHELLS = ("bash", "zsh", "fish", "tcsh")
EPILOG = """where to put it:
  bash:  groundwork completion bash > ~/.local/share/bash-completion/completions/groundwork
  zsh:   groundwork completion zsh > DIR/_groundwork, DIR being in $fpath
  fish:  groundwork completion fish > ~/.config/fish/completions/groundwork.fish
  tcsh:  groundwork completion tcsh > FILE, and in ~/.tcshrc: source FILE
"""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork completion",
        description="Print what makes a shell complete the commands, their options and datasets.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, nargs="?", metavar="SHELL", help=", ".join(SHELLS))
    parser.add_argument("--datasets", action="store_true", help=argparse.SUPPRESS)
    return parser
