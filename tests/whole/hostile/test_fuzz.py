"""Whatever a table, an archive, an entry or params.yaml holds: exit 0, or one line that helps.

Minutes as it is; `GROUNDWORK_FUZZ=20 pytest -m slow tests/whole/hostile/test_fuzz.py` takes an
hour, and draws others each time.
"""

import io
import json
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.check.__main__ import main as check
from pipeline.check.__main__ import params_of_kind
from pipeline.commands.add.__main__ import main as add
from pipeline.commands.add.arguments import parser
from pipeline.runtime.settings import read_params
from pipeline.runtime.stage import Kind, Stage
from tests.support.fuzzing import NASTY, VALUES, damaged, fuzzed, judge
from tests.support.hostile_images import encode, noise
from tests.support.repository import ROOT

pytestmark = pytest.mark.slow

NAMES = [f"{label}/{number}.png" for label in ("cat", "dog") for number in range(3)]
PNG = encode(noise(8, 8, 3), "PNG")
HEADER = [
    "file_name", "label", "id", "split", "group", "license", "purposes", "annotator", "text",
    "user", "item", "value", "time", "target", "age", "",
]  # fmt: skip
TABLES = ["labels.csv", "metadata.tsv", "train.csv"]
CELLS = st.sampled_from([*NAMES, *NAMES, "cat", "dog", "val", *NASTY])
ENTRY = {"uri": "data/pets", "license": "CC0-1.0"}
OF_KIND = st.sampled_from([
    (), ("--modality", "tables", "--target", "classes"),
    ("--modality", "tables", "--target", "numbers"),
    ("--modality", "text", "--target", "classes"),
    ("--modality", "interactions", "--target", "ranking"),
])  # fmt: skip
LINKS = [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
KEYS = [
    "uri", "license", "kind", "links", "sha256", "md5", "fingerprint", "title", "columns",
    "header", "dialect", "missing", "split", "splits", "purposes", "expectations", "classes",
    "image_size", "annotations", "modality", "target",
]  # fmt: skip
INNER = ["id", "label", "image", "strip", "encoding", "delimiter", "quotes", "val", "test", "type"]


@pytest.fixture(scope="module", autouse=True)
def project(tmp_path_factory: pytest.TempPathFactory, png: Callable[..., bytes]) -> Iterator[Path]:
    """The folder of a project with six images, which is the current one."""
    root = tmp_path_factory.mktemp("fuzz")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "recipes", root / "recipes")
    (root / "data/catalog").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        path = root / "data/pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number, 8, 8, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("GROUNDWORK_WORKERS", "1")
        patch.setenv("GROUNDWORK_CACHE", str(root / "cache"))
        yield root


def judge_add(*words: str) -> int:
    """Judge a run of `groundwork add`."""
    return judge(lambda: add(parser().parse_args(words)))


def judge_source(
    files: dict[str, bytes], entry: dict[str, Any] | None = None, kind: Sequence[str] = ()
) -> int:
    """Judge `groundwork add` of files beside the images, as a new source and by an entry.

    `kind` are options that say what an example is; then the first file is the source.
    """
    for name, data in files.items():
        Path("data/pets", name).write_bytes(data)
    try:
        name = next(iter(files), "")
        is_source = bool(kind) or name.endswith((".zip", ".tar", ".gz"))
        uri = f"data/pets/{name}" if is_source else "data/pets"
        Path("data/catalog/new.yaml").unlink(missing_ok=True)
        status = judge_add("new", uri, "--license", "CC0-1.0", *kind)
        if entry is not None:
            of_kind = dict(zip(("modality", "target"), kind[1::2], strict=False))
            first = {"uri": uri, "kind": "auto" if kind else "manifest", **of_kind}
            write_yaml(Path("data/catalog/pets.yaml"), ENTRY | first | entry)
            status = judge_add("pets")
        return status
    finally:
        for name in files:
            Path("data/pets", name).unlink()


def write_yaml(path: Path, content: Any) -> None:
    with path.open("w", encoding="utf-8", errors="surrogatepass") as file:
        YAML(typ="safe", pure=True).dump(content, file)


@st.composite
def delimited(draw: st.DrawFn) -> bytes:
    """A table of text, with some of our columns, in one dialect or in several."""
    columns = draw(st.permutations(HEADER))[: draw(st.integers(0, len(HEADER)))]
    columns = draw(st.sampled_from([columns, ["file_name", "label"], ["file_name", "label", "id"]]))
    rows = draw(st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), max_size=8))
    sign = draw(st.sampled_from([",", ",", ";", "\t", "|"]))
    quote = draw(st.sampled_from(["", '"', '"', ' "']))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n", sign + "\n"]))
    between = draw(st.sampled_from(["", "", "", "# x\n", "sep=;\n"]))

    def written(cell: str) -> str:
        return f"{quote}{cell.replace(quote, quote * 2)}{quote.strip()}" if quote else cell

    lines = [sign.join(map(written, row)) + end for row in [list(columns), *rows]]
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1251"]))
    return between.join(["", *lines]).encode(encoding, "replace")


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    keys = st.sampled_from([*HEADER, "x"])
    rows = draw(st.lists(st.dictionaries(keys, CELLS | VALUES, max_size=5), max_size=8))
    rows += [{"file_name": name, "label": "cat"} for name in NAMES[: draw(st.integers(0, 3))]]
    return "".join(json.dumps(row) + "\n" for row in rows).encode("utf-8", "replace")


@st.composite
def parquet(draw: st.DrawFn) -> bytes:
    rows = draw(st.integers(0, 6))
    contents = [PNG, b"", b"x", None]
    kinds: list[Any] = [
        st.sampled_from([*NAMES, *NASTY]), st.sampled_from([0, 1, -1, 2**40, None]),
        st.sampled_from([0.5, float("nan")]), st.sampled_from(contents), st.lists(st.just("x")),
        st.fixed_dictionaries({"bytes": st.sampled_from(contents), "path": st.just("a.png")}),
    ]  # fmt: skip
    names = draw(st.lists(st.sampled_from([*HEADER, "image", "label", "x"]), max_size=5))
    columns = [
        pa.array(draw(st.lists(draw(st.sampled_from(kinds)), min_size=rows, max_size=rows)))
        for _ in names
    ]
    features = draw(st.sampled_from(["", "{", "[" * 3000, '{"info": {"features": {"label": 1}}}']))
    schema = pa.schema([(n, c.type) for n, c in zip(names, columns, strict=True)])
    file = io.BytesIO()
    table = pa.Table.from_arrays(columns, schema=schema.with_metadata({"huggingface": features}))
    pq.write_table(table, file, row_group_size=max(1, rows // 2))
    return file.getvalue()


def idx() -> dict[str, bytes]:
    """Files of images and labels as MNIST has them."""
    found = {}
    for part in ("train", "t10k"):
        found[f"{part}-images-idx3-ubyte"] = (
            struct.pack(">4i", 2051, 6, 8, 8) + bytes(range(64)) * 6
        )
        found[f"{part}-labels-idx1-ubyte"] = struct.pack(">2i", 2049, 6) + b"\0\1" * 3
    return found


@st.composite
def archive(draw: st.DrawFn) -> tuple[str, bytes]:
    names = draw(st.lists(st.sampled_from([*NAMES, *NASTY, "cat/x\x1b.png", "cat/../../x.png"])))
    file = io.BytesIO()
    if draw(st.booleans()):
        kind = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
        with zipfile.ZipFile(file, "w", kind) as packed:
            for name in [*NAMES, *names]:
                if (name := name.partition("\0")[0]) and name not in packed.namelist():
                    packed.writestr(name, PNG)
        return "a.zip", file.getvalue()
    compression = draw(st.sampled_from(["", "gz"]))
    with tarfile.open(fileobj=file, mode=f"w:{compression}") as packed:
        for name in [*NAMES, *names]:
            member = tarfile.TarInfo(name.replace("\0", "x") or "x")
            if name in names:
                member.type = draw(st.sampled_from([tarfile.REGTYPE] * 6 + LINKS))
                member.linkname = draw(st.sampled_from([*NAMES, *NASTY[1:]])).replace("\0", "x")
            member.size = len(PNG) if member.isreg() else 0
            packed.addfile(member, io.BytesIO(PNG))
    return f"a.tar{compression and '.gz'}", file.getvalue()


@st.composite
def entry(draw: st.DrawFn) -> dict[str, Any]:
    """Keys of an entry with values that belong there, or do not."""
    inner = st.dictionaries(st.sampled_from([*INNER, "file_name"]), VALUES, max_size=3)
    own = st.sampled_from(["manifest", "folders", "idx", "file_name", ["?", -9]])
    values = VALUES | inner | own
    return draw(st.dictionaries(st.sampled_from(KEYS), values, max_size=3))


@fuzzed(300)
@given(
    st.sampled_from(["labels.csv", "metadata.tsv", "train.csv"]), delimited(), OF_KIND, st.data()
)
def test_delimited_text(name, table, kind, data):
    judge_source({name: data.draw(damaged(table))}, data.draw(entry()), kind)


@fuzzed(200)
@given(json_lines(), OF_KIND, st.data())
def test_json_lines(table, kind, data):
    judge_source({"labels.jsonl": data.draw(damaged(table))}, {}, kind)


@fuzzed(200)
@given(parquet(), OF_KIND, st.data())
def test_parquet(table, kind, data):
    judge_source({"train.parquet": data.draw(damaged(table))}, {"kind": "auto"}, kind)


@fuzzed(150)
@given(archive(), st.data())
def test_archives(packed, data):
    name, content = packed
    judge_source({name: data.draw(damaged(content))})


@fuzzed(100)
@given(st.data())
def test_idx(data):
    name = data.draw(st.sampled_from(sorted(idx())))
    folder = Path("data/idx")
    folder.mkdir(exist_ok=True)
    for file, content in idx().items():
        (folder / file).write_bytes(data.draw(damaged(content)) if file == name else content)
    Path("data/catalog/new.yaml").unlink(missing_ok=True)
    judge_add("new", "data/idx", "--license", "CC0-1.0")


@fuzzed(200)
@given(entry())
def test_entries(keys):
    Path("data/pets/labels.csv").unlink(missing_ok=True)
    write_yaml(Path("data/catalog/pets.yaml"), ENTRY | keys)
    judge_add("pets")


def run_check() -> None:
    kind = read_params(Kind)
    stage = Stage("check", params_of_kind(kind.modality, kind.target))
    try:
        check(stage)
    finally:
        stage.close()


@pytest.fixture
def digits(project: Path) -> Iterator[bytes]:
    """params.yaml as it is; afterwards it is so again."""
    shutil.copy(ROOT / "data/catalog/digits.yaml", project / "data/catalog/digits.yaml")
    whole = (project / "params.yaml").read_bytes()
    yield whole
    (project / "params.yaml").write_bytes(whole)


@fuzzed(300)
@given(st.data())
def test_params(digits, data):
    content = YAML(typ="safe", pure=True).load(digits)
    for _ in range(data.draw(st.integers(1, 3))):
        place = content
        while True:
            key = data.draw(st.sampled_from(sorted(place)))
            if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
                break
            place = place[key]
        place[key] = data.draw(VALUES)
    write_yaml(Path("params.yaml"), content)
    judge(run_check)


@fuzzed(150)
@given(st.sampled_from(["params.yaml", "data/catalog/digits.yaml"]), st.data())
def test_settings_as_bytes(digits, name, data):
    kept = Path(name).read_bytes()
    try:
        Path(name).write_bytes(data.draw(damaged(kept)))
        judge(run_check)
    finally:
        Path(name).write_bytes(kept)
