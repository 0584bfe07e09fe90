"""The files that importing a module runs, and a digest of them.

dvc.yaml lists the `import_closure` of each stage (`make dag`), and a result cached between runs has
the `code_digest` of the module that made it in its key: a change of a file affects exactly the
stages and cached results whose code imports it.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = "pipeline"
IMPORT = re.compile(
    r"^[ \t]*(?:from +(?P<package>[\w.]+) +)?import +"
    r"(?:\((?P<several>[^)]*)\)|(?P<names>[\w., *]+?))[ \t]*(?:#.*)?$",
    re.MULTILINE,
)
"""An import in formatted code. Reading sixty files this way takes a tenth of the time of parsing
them, which every start of a stage would pay; a test compares the two."""
FOR_TYPES = re.compile(r"^if TYPE_CHECKING:.*\n(?:    .*\n|\n)+", re.MULTILINE)
"""A block that is never executed."""
ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "ruamel": "ruamel.yaml"}
"""Packages whose name for pip differs from the name they are imported by."""


def import_closure(*modules: str) -> set[Path]:
    """Files of this project that importing `modules` runs, relative to its root.

    Imports inside functions count, and so do the packages that contain a module, except an
    `__init__.py` without code.
    """
    todo = {file for module in modules for file in _files_of(module)}
    found: set[Path] = set()
    while todo:
        file = todo.pop()
        found.add(file)
        for module in imported_modules(file):
            todo.update(set(_files_of(module)) - found)
    return found


def code_digest(*modules: str) -> str:
    """Hex digest of the import closure of `modules`: names of files and their content."""
    digest = hashlib.sha256()
    for file in sorted(import_closure(*modules)):
        content = hashlib.sha256((ROOT / file).read_bytes()).hexdigest()
        digest.update(f"{file.as_posix()} {content}\n".encode())
    return digest.hexdigest()


@cache
def library_versions(*modules: str) -> list[str]:
    """Names and versions of the installed packages that the import closure of `modules` imports."""
    roots = {
        name.split(".")[0] for file in import_closure(*modules) for name in imported_modules(file)
    }
    found = []
    for root in sorted(roots - {PACKAGE} - sys.stdlib_module_names):
        with suppress(PackageNotFoundError):  # an optional package, such as Ray
            found.append(f"{root} {version(DISTRIBUTIONS.get(root, root))}")
    return found


def cover(files: Iterable[Path]) -> list[str]:
    """Shorten a list of files: a folder replaces its modules where all of them are listed."""
    used = set(files)

    def visit(folder: Path) -> Iterator[str]:
        inside = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py")}
        if all(path in used or not _has_code(path) for path in inside):
            yield folder.as_posix()
            return
        for path in sorted((ROOT / folder).iterdir()):
            here = path.relative_to(ROOT)
            if here in used:
                yield here.as_posix()
            elif path.is_dir() and any(here in file.parents for file in used):
                yield from visit(here)

    return list(visit(Path(PACKAGE)))


@cache
def imported_modules(file: Path) -> tuple[str, ...]:
    """Modules that a file imports; `from a import b` gives both a and a.b.

    Imports for type checkers alone are left out. `file` is relative to the root of the project.
    """
    names = []
    text = FOR_TYPES.sub("", (ROOT / file).read_text(encoding="utf-8"))
    for found in IMPORT.finditer(text):
        package, listed = found["package"], found["several"] or found["names"]
        parts = re.sub(r"#.*", "", listed).split(",")
        imported = [part.split()[0] for part in parts if part.strip()]  # without `as`
        if package:
            assert not package.startswith("."), f"{file} imports relatively"
            names += [package, *(f"{package}.{name}" for name in imported)]
        else:
            names += imported
    return tuple(names)


@cache
def _files_of(module: str) -> tuple[Path, ...]:
    """The files that importing a module runs, with those of its packages; () if it is not ours."""
    package, _, _ = module.rpartition(".")
    if not package and module != PACKAGE:
        return ()
    path = Path(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    found = (file for file in candidates if (ROOT / file).is_file() and _has_code(file))
    return (*(_files_of(package) if package else ()), *found)


@cache
def _has_code(file: Path) -> bool:
    """Whether a file has more than a docstring; many `__init__.py` have no more."""
    if file.name != "__init__.py":
        return True
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    return any(not isinstance(node, ast.Expr) for node in body)
