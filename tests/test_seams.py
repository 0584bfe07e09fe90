"""What is of a modality or a target stands in its folder alone; test_dag.py has the floors."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipeline.modalities.opening import MODALITIES
from pipeline.targets.opening import TARGETS
from tests.support.repository import ROOT

PIPELINE = ROOT / "pipeline"
OF_IMAGES = re.compile("image|pixel|phash|dhash", re.IGNORECASE)
LIBRARIES_OF_IMAGES = {"PIL", "simplejpeg", "torchvision"}
OF_CLASSES = {"class", "classes"}
OTHERS = {"formatter_class"}  # of argparse
NOT_OURS = {("modalities/images/network/networks.py", "num_classes")}  # of torchvision


def modules(*folders: str) -> list[Path]:
    paths = [path for folder in folders or (".",) for path in (PIPELINE / folder).rglob("*.py")]
    return sorted(paths)


def place(path: Path) -> str:
    return path.relative_to(PIPELINE).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield node.lineno, name
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                yield node.lineno, name
            case ast.alias(name=name, asname=other):
                yield node.lineno, other or name.rpartition(".")[2]
            case ast.keyword(arg=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)):
                yield node.lineno, name


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Names of modules, and of what is imported of them; also of the imports within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def words_of(name: str) -> set[str]:
    """Split at underscores and capitals: `ClassTally`, `num_classes`, `HTMLClass`."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {part.lower() for part in parts}


def outside(folder: str) -> list[Path]:
    return [path for path in modules() if not place(path).startswith(f"{folder}/")]


def test_words_of_names():
    assert words_of("ClassTally") == {"class", "tally"}
    assert words_of("num_classes2") == {"num", "classes"}
    assert words_of("MAX_CLASSES") == {"max", "classes"}
    assert words_of("classify") == {"classify"}
    assert words_of("HTMLClass") == {"html", "class"}


def test_identifiers_are_found():
    code = """
import a.image_a as image_b, image_c
from b import image_d
class ImageE(Base, image_f=1):
    image_g: int
    def image_h(self, image_i, *image_j, image_k=0, **image_l):
        self.image_m = [image_n for image_n in image_o(image_p=1)]
try:
    pass
except Exception as image_q:
    pass
match 1:
    case [image_r, *image_s]:
        pass
"""
    found = {name[-1].lower() for _, name in identifiers(ast.parse(code)) if "mage" in name}
    assert "".join(sorted(found)) == "bcdefghijklmnopqrs"


def test_images_are_known_in_their_folder_alone():
    found = [
        f"{place(path)}:{line} {name}"
        for path in outside("modalities/images")
        for line, name in identifiers(parse(path))
        if OF_IMAGES.search(name)
    ]
    assert found == []


def test_libraries_of_images_are_imported_in_their_folder_alone():
    found = [
        f"{place(path)}:{line} {name}"
        for path in outside("modalities/images")
        for line, name in imports(parse(path))
        if name.split(".")[0] in LIBRARIES_OF_IMAGES
    ]
    assert found == []


def test_classes_are_known_in_their_folder_alone():
    found = [
        f"{place(path)}:{line} {name}"
        for path in outside("targets/classes")
        for line, name in identifiers(parse(path))
        if words_of(name) & OF_CLASSES
        and name not in OTHERS
        and (place(path), name) not in NOT_OURS
    ]
    assert found == []


@pytest.mark.parametrize("name", [*MODALITIES, *TARGETS])
def test_no_kind_is_known_by_its_name_outside_of_its_folder(name):
    """Neither is it imported, nor asked for: stages open what params.yaml names."""
    kind = "modalities" if name in MODALITIES else "targets"
    package = f"pipeline.{kind}.{name}"
    found = [
        f"{place(path)}:{line} {imported}"
        for path in outside(f"{kind}/{name}")
        for line, imported in imports(parse(path))
        if f"{imported}.".startswith(f"{package}.")
    ]
    asked = [
        f"{place(path)}:{node.lineno}"
        for path in outside(f"{kind}/{name}")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Constant) and side.value == name
    ]
    assert found + asked == []


@pytest.mark.parametrize("kind", ["modalities", "targets"])
def test_kinds_know_nothing_of_each_other_nor_of_learning(kind):
    found = []
    for path in modules(kind):
        own = place(path).split("/")[1].removesuffix(".py")
        for line, name in imports(parse(path)):
            parts = name.split(".")
            if parts[0] != "pipeline":
                continue
            is_other_kind = parts[1] in {"modalities", "targets", "learning"} - {kind}
            is_sibling = (
                parts[1] == kind and parts[2] in ({*MODALITIES} | {*TARGETS}) and parts[2] != own
            )
            if is_other_kind or is_sibling:
                found.append(f"{place(path)}:{line} {name}")
    assert found == []


def interfaces() -> list[Path]:
    return [path for path in modules("modalities", "targets") if path.name == "interface.py"]


def test_interfaces_are_plain_names_and_functions():
    """No class is defined there, nor anything done as they are imported but names given."""
    plain = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign)
    found = []
    for path in interfaces():
        first, *rest = parse(path).body
        assert isinstance(first, ast.Expr), f"{place(path)} has no docstring"
        for node in rest:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not (isinstance(node, plain) or docstring):
                found.append(f"{place(path)}:{node.lineno} {type(node).__name__}")
    assert found == []


def test_protocols_are_asked_of_without_heavy_imports():
    """What a modality's `encode` imports knows neither torch nor Arrow; nor do the protocols."""
    for name in ("encode", "stress", "show"):
        tops = {
            imported.split(".")[0]
            for _, imported in imports(parse(PIPELINE / f"modalities/protocols/{name}.py"))
        }
        assert not tops & {"torch", "pyarrow", "pandas"}, name
