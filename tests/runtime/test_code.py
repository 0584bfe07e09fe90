"""Which files code is, and that a digest of it follows those files and no other."""

import ast
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.runtime import code
from pipeline.runtime.code import (
    code_digest,
    cover,
    import_closure,
    imported_modules,
    library_versions,
)

FILES = {
    "zoo/__init__.py": '"""A docstring is no code."""\n',
    "zoo/feed.py": "import json\n\nimport numpy as np\n\nfrom zoo.cats import lion\n",
    "zoo/cats/__init__.py": "LEGS = 4\n",
    "zoo/cats/lion.py": (
        "def roar():\n    from zoo.sound import loud\n    import PIL.Image\n    return loud\n"
    ),
    "zoo/cats/tiger.py": "import zoo.feed\n",
    "zoo/sound.py": "import no_such_package\n",
    "zoo/water.py": "import pandas\n",
    "zoo/birds/__init__.py": "",
    "zoo/birds/owl.py": "from zoo.birds.nest import egg\n",
    "zoo/birds/nest/__init__.py": "",
    "zoo/birds/nest/egg.py": "from zoo.birds import owl\n",
    "zoo/birds/notes.txt": "an owl",
}


def forget() -> None:
    """What was read of files; in a run they do not change."""
    for function in (
        library_versions,
        imported_modules,
        code._files_of,
        code._has_code,
    ):
        function.cache_clear()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """A package `zoo` instead of this project's; writes a file of it."""

    def write_file(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        forget()

    monkeypatch.setattr(code, "ROOT", tmp_path)
    monkeypatch.setattr(code, "PACKAGE", "zoo")
    for name, text in FILES.items():
        write_file(name, text)
    yield write_file
    forget()


def closure(*modules: str) -> list[str]:
    return sorted(str(file) for file in import_closure(*modules))


def executed(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a syntax tree that are not for type checkers alone."""
    yield node
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name):
        assert node.test.id != "TYPE_CHECKING" or not node.orelse
        if node.test.id == "TYPE_CHECKING":
            return
    for child in ast.iter_child_nodes(node):
        yield from executed(child)


def _name(file: Path) -> str:
    return file.relative_to(code.ROOT).as_posix()


@pytest.mark.parametrize("file", sorted(code.ROOT.glob("pipeline/**/*.py")), ids=_name)
def test_imports_are_those_of_the_syntax_tree(file: Path):
    imports: list[str] = []
    for node in executed(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports += [f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)]
    assert sorted(imported_modules(file.relative_to(code.ROOT))) == sorted(imports)


def test_the_closure_has_imports_of_imports_and_the_code_of_packages(write):
    """Those within functions too, and no `__init__.py` that has no code."""
    expected = ["zoo/cats/__init__.py", "zoo/cats/lion.py", "zoo/feed.py", "zoo/sound.py"]
    assert closure("zoo.feed") == expected
    assert closure("zoo.cats") == ["zoo/cats/__init__.py"]
    assert closure("zoo.feed", "zoo.water") == [*expected, "zoo/water.py"]


def test_modules_that_import_each_other(write):
    assert closure("zoo.birds.owl") == ["zoo/birds/nest/egg.py", "zoo/birds/owl.py"]
    assert closure("zoo.birds.nest.egg") == closure("zoo.birds.owl")


def test_what_is_not_of_the_package_has_no_files(write):
    assert closure("numpy", "json", "zoology.feed", "zoo.nothing") == []


def test_the_digest_changes_with_a_file_of_the_closure_and_no_other(write):
    first = code_digest("zoo.feed")
    assert len(bytes.fromhex(first)) == 32
    for name in ("zoo/water.py", "zoo/cats/tiger.py", "zoo/birds/owl.py", "zoo/birds/notes.txt"):
        write(name, FILES.get(name, "") + "\n# edited\n")
        assert code_digest("zoo.feed") == first
    seen = {first}
    for name in ("zoo/feed.py", "zoo/cats/__init__.py", "zoo/cats/lion.py", "zoo/sound.py"):
        write(name, FILES[name] + "\n# edited\n")
        seen.add(code_digest("zoo.feed"))
        write(name, FILES[name])
        assert code_digest("zoo.feed") == first
    assert len(seen) == 5


def test_the_digest_changes_with_what_is_imported_and_with_names(write):
    first = code_digest("zoo.feed")
    write("zoo/sound.py", FILES["zoo/sound.py"] + "import zoo.water\n")
    more = code_digest("zoo.feed")
    write("zoo/sound.py", FILES["zoo/sound.py"])
    write("zoo/noise.py", FILES["zoo/sound.py"])
    write("zoo/cats/lion.py", FILES["zoo/cats/lion.py"].replace("zoo.sound", "zoo.noise"))
    assert len({first, more, code_digest("zoo.feed")}) == 3


def test_libraries_are_those_that_the_closure_imports(write):
    """By the names by which pip knows them; not the standard library, nor what is not there."""
    numpy, pillow, pandas = (f"{name} {version(name)}" for name in ("numpy", "pillow", "pandas"))
    assert library_versions("zoo.feed") == [pillow.replace("pillow", "PIL"), numpy]
    assert library_versions("zoo.water") == [pandas]
    assert library_versions("zoo.birds.owl") == []


def test_a_folder_covers_its_files_where_all_of_its_code_is_used(write):
    assert cover(import_closure("zoo.birds.owl")) == ["zoo/birds"]
    assert cover(import_closure("zoo.feed")) == [
        "zoo/cats/__init__.py",
        "zoo/cats/lion.py",
        "zoo/feed.py",
        "zoo/sound.py",
    ]
    assert cover(import_closure("zoo.cats.tiger")) == ["zoo/cats", "zoo/feed.py", "zoo/sound.py"]
    everything = import_closure("zoo.cats.tiger", "zoo.birds.owl", "zoo.water")
    assert cover(everything) == ["zoo"]


def test_relative_imports_are_a_bug(write):
    write("zoo/water.py", "from . import feed\n")
    with pytest.raises(AssertionError, match=r"zoo/water\.py imports relatively"):
        code_digest("zoo.water")


def test_of_this_project():
    """Pixels of shards are made of these, and of nothing that learns."""
    files = {str(file) for file in import_closure("pipeline.augment.sharding")}
    assert {"pipeline/augment/sharding.py", "pipeline/dataset/randomness.py"} <= files
    assert not [file for file in files if file.startswith("pipeline/learning")]
    found = library_versions("pipeline.augment.sharding")
    for name in ("numpy", "pyarrow"):
        assert f"{name} {version(name)}" in found
