"""Write into dvc.yaml which code each stage runs: `make dag`.

    python -m pipeline.commands.dag

Under `deps:` of each stage, the paths below pipeline/ are the files that importing the stage runs
(a folder if it runs all of it), and the sub-packages of the modality and the target that it opens
by name: `pipeline/modalities/${modality}/encode`, which DVC fills in from params.yaml. So an edit
of one modality runs nothing of another. The rest of dvc.yaml is unchanged.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.modalities.opening import MODALITIES
from pipeline.runtime.code import PACKAGE, ROOT, cover, import_closure, imported_modules
from pipeline.targets.opening import TARGETS

DVC_FILE = Path("dvc.yaml")
STAGE = re.compile(r"  (\w+):\n")
INDENT = "      - "
OPENED = re.compile(r"pipeline\.(modalities|targets)\.opening\.open_(\w+)")
SETTINGS = re.compile(r'(modality|target)_fields\([\w.]+, "(\w+)"')
KINDS = {"modalities": ("modality", MODALITIES), "targets": ("target", TARGETS)}
"""The key of params.yaml, and the packages, of each floor with packages opened by name."""


def code_deps(stage: str) -> list[str]:
    """Paths below pipeline/ that a stage runs, as dvc.yaml should list them."""
    files = import_closure(f"{PACKAGE}.{stage}.__main__")
    parts, settings = opened_parts(files), settings_read(files)
    deps: set[str] = set()
    todo = {(floor, f"{part}.interface") for floor, part in parts}
    todo |= {(floor, f"{part}.settings") for floor, part in settings}
    for floor, module in sorted(todo):
        _, packages = KINDS[floor]
        for package in packages.values():
            for file in import_closure(f"{package}.{module}"):  # empty without settings
                if (inside := _inside(file, floor, packages)) is None:
                    files.add(file)
                else:
                    deps.add(_placeholder(floor, inside, whole=module.endswith("interface")))
    if stage == "check":  # its output is constant, and it reports a missing folder itself
        deps = set()
    folders = {dep for dep in deps if not dep.endswith(".py")}
    deps = {dep for dep in deps if not any(dep.startswith(f"{folder}/") for folder in folders)}
    return sorted({*cover(files), *deps})


def opened_parts(files: Iterable[Path]) -> set[tuple[str, str]]:
    """Floor and sub-package of what some files open by name, by their imports."""
    names = (name for file in files for name in imported_modules(file))
    return {(found[1], found[2]) for name in names if (found := OPENED.fullmatch(name))}


def settings_read(files: Iterable[Path]) -> set[tuple[str, str]]:
    """Floor and sub-package of the settings that some files open by name."""
    floors = {key: floor for floor, (key, _) in KINDS.items()}
    texts = ((ROOT / file).read_text(encoding="utf-8") for file in files)
    return {(floors[key], part) for text in texts for key, part in SETTINGS.findall(text)}


def _inside(file: Path, floor: str, packages: Iterable[str]) -> Path | None:
    """The path of a file inside a package that is opened by name; None outside all of them."""
    parts = file.parts
    inside = len(parts) > 3 and parts[1] == floor and parts[2] in packages
    return Path(*parts[3:]) if inside else None


def _placeholder(floor: str, inside: Path, *, whole: bool) -> str:
    """The path for dvc.yaml: the whole sub-package, or a file that every package has."""
    key, _ = KINDS[floor]
    path = inside.parts[0] if whole or inside.name != "settings.py" else inside.as_posix()
    return f"{PACKAGE}/{floor}/${{{key}}}/{path}"


def with_code_deps(text: str) -> str:
    """Update the code of each stage in the text of dvc.yaml."""
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
