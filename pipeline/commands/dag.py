"""Write into dvc.yaml which code each stage runs: `make dag`.

    python -m pipeline.commands.dag

Under `deps:` of each stage, the paths below pipeline/ are those that importing the stage runs: a
folder where it runs all of a folder, files elsewhere. The rest of dvc.yaml stays as it is.
"""

import re
from pathlib import Path

from pipeline.runtime.code import PACKAGE, ROOT, cover, import_closure

DVC_FILE = Path("dvc.yaml")
STAGE = re.compile(r"  (\w+):\n")
INDENT = "      - "


def code_deps(stage: str) -> list[str]:
    """Paths below pipeline/ that a stage runs, as dvc.yaml should list them."""
    return cover(import_closure(f"{PACKAGE}.{stage}.__main__"))


def with_code_deps(text: str) -> str:
    """The text of dvc.yaml, with the code of each stage as it is now."""
    lines: list[str] = []
    stage = section = ""
    written: set[str] = set()
    for line in text.splitlines(keepends=True):
        if match := STAGE.fullmatch(line):
            stage, section = match[1], ""
        elif not line.startswith("  "):
            stage = section = ""
        elif line.startswith("    ") and line[4].isalpha():
            section = line.strip()
        if stage and section == "deps:" and line.startswith(f"{INDENT}{PACKAGE}/"):
            if stage not in written:
                written.add(stage)
                lines += [f"{INDENT}{path}\n" for path in code_deps(stage)]
            continue
        lines.append(line)
    return "".join(lines)


def main() -> None:
    path = ROOT / DVC_FILE
    text = path.read_text(encoding="utf-8")
    if (new := with_code_deps(text)) != text:
        path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
