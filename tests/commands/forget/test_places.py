"""Every place where data can lie is listed, and forgetting reaches all of them.

What plants a canary here stands for a place; a new output, or a new folder that a run leaves, fails
`test_a_run_leaves_files_in_listed_places_alone` until places.py says what becomes of it.
"""

import contextlib
import gzip
import hashlib
import io
import json
import re
import shutil
import sqlite3
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.forget.contents.mentions import REFERENCES, SENTENCES
from pipeline.commands.forget.contents.parquet import KEYS
from pipeline.commands.forget.places import JOURNAL, Treatment, Workspace, read_workspace
from pipeline.dataset.rows import HEADER, row_key
from pipeline.dataset.served.ids import id_of
from pipeline.dataset.served.layout import ANSWERS, Layout, answer_row
from pipeline.sources.source import examples_table
from pipeline.validate.profile import remembered_key
from tests.support.forgetting import FORGET, FORGOTTEN, IDS, everything, holders, stored
from tests.support.repository import Repository, make_clone

NO_NAMES = {"annotator", "group", "kind", "label", "label_given", "license", "metadata_removed"}
NO_NAMES |= {"mode", "of_split", "purposes", "source", "split", "given", "proposed", "reasons"}
NO_NAMES |= {"actual", "class", "consensus", "corruption", "judges", "like_label", "like_split"}
NO_NAMES |= {"measurement", "metric", "predicted", "true", "votes", "worst_class"}
NO_NAMES |= {"answer", "baseline", "column", "input", "model_is", "part", "rate", "value"}
"""Columns of text that name no example."""
ID = FORGOTTEN[0]
COLLECTED_FILE = "data/collected/people.parquet"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Of a clone in which nothing has run."""
    clone = make_clone(tmp_path_factory.mktemp("places") / "clone")
    with contextlib.chdir(clone.path):
        return read_workspace("people")


@pytest.mark.slow  # a minute, most of it to build what is forgotten
def test_a_run_leaves_files_in_listed_places_alone(made, monkeypatch):
    """All that git does not have, after whole runs, an experiment, a queued one and a push."""
    clone = Repository(made / "clone")
    monkeypatch.chdir(clone.path)
    workspace = read_workspace("people")
    untracked = clone.run("git ls-files -z --others").split("\0")[:-1]
    assert len(untracked) > 50
    unlisted = [p for p in untracked if workspace.treatment(Path(p)) is Treatment.OF_PEOPLE]
    assert unlisted == []
    tracked = clone.run("git ls-files -z").split("\0")[:-1]
    made_here = {p for p in tracked if workspace.treatment(Path(p)) is not Treatment.OF_PEOPLE}
    assert {Path(path).parts[0] for path in made_here} == {"data", "reports"}


@pytest.mark.slow  # as above
def test_text_in_tables_names_examples_in_known_columns_alone(made):
    """A table with a new column of text has to say whether that names examples."""
    known = {*KEYS, *REFERENCES, *SENTENCES, *NO_NAMES}
    paths = [*(made / "clone/data").rglob("*.parquet"), *(made / "clone/models").rglob("*.parquet")]
    assert len(paths) > 10
    columns = {
        f"{path.name}: {field.name}"
        for path in paths
        for field in pq.read_schema(path)
        if "string" in str(field.type) and field.name not in known
    }
    assert columns == set()


@pytest.mark.parametrize(
    ("path", "treatment"),
    [
        ("data/raw/part-00000.parquet", Treatment.REBUILT),
        ("reports/data/duplicates.csv", Treatment.REBUILT),
        ("reports/datacard.md", Treatment.REBUILT),
        ("reports/rows.csv", Treatment.REBUILT),
        ("reports/data/rows/ab.csv", Treatment.REBUILT),
        (".groundwork/vectors/0123.npy", Treatment.REMOVED),
        ("reports/of_an_earlier_version.csv", Treatment.SEARCHED),
        ("data/raw.partial/part-00000.parquet", Treatment.REMOVED),
        ("reports/datacard.md.partial", Treatment.REMOVED),
        ("data/reviews/people.csv.417.partial", Treatment.REMOVED),
        ("dvc_plots/index.html", Treatment.REMOVED),
        ("dvclive/metrics.json", Treatment.REMOVED),
        (".groundwork/anything/new", Treatment.REMOVED),
        (".groundwork/serving/contents/2026-11-30/0123", Treatment.SEARCHED),
        (".groundwork/serving/0123/20261130T12-answers-1-0.rec", Treatment.SEARCHED),
        (".groundwork/forgetting.json", Treatment.NOTED),
        (".groundwork/forgotten-2026-11-30-1.md", Treatment.NOTED),
        (".groundwork/reviews-people.journal", Treatment.REWRITTEN),
        (".groundwork/reviews-people-2.journal", Treatment.NOTED),
        ("data/reviews/people.csv", Treatment.REWRITTEN),
        ("data/reviews/others.csv", Treatment.OF_PEOPLE),
        ("data/paraphrases/people.csv", Treatment.REWRITTEN),
        ("data/profiles/people.json", Treatment.REWRITTEN),
        ("data/collected/people.parquet", Treatment.REWRITTEN),
        ("data/collected/others.parquet", Treatment.OF_PEOPLE),
        (".groundwork/collected/people/examples/part-00000.parquet", Treatment.REMOVED),
        (".dvc/cache/files/md5/ab/cd", Treatment.STORED),
        (".dvc/tmp/exps/run/1", Treatment.REMOVED),
        (".dvc/tmp/plots", Treatment.SEARCHED),
        ("pipeline/__pycache__/x.pyc", Treatment.NO_DATA),
        ("desk/portrait.jpg", Treatment.OF_PEOPLE),
        ("notes.partial", Treatment.OF_PEOPLE),
    ],
)
def test_what_becomes_of_a_path(workspace, path, treatment):
    assert workspace.treatment(Path(path)) is treatment


def journal_line(decision: str) -> bytes:
    text = json.dumps({"key": "k", "line": decision, "nth": 1, "before": ""}).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def plant(repository: Repository, downloads: Path) -> None:
    """Put the example into every place, in one of the ways in which it may come there."""
    root = repository.path
    image = (root.parent / "people" / ID).read_bytes()

    def write(path: str | Path, content: bytes | str) -> None:
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())

    # What was never finished, and what is drawn.
    shutil.copytree(root / "data/raw", root / "data/raw.partial")
    write("data/reviews/people.csv.999999.partial", f"id,given\n{ID},ada\n")
    write(".groundwork/forgetting.json.999999.partial", json.dumps([ID]))
    write(".groundwork/unpacked/x.tar", image)
    write("dvc_plots/index.html", f"<script>{json.dumps({'id': ID})}</script>")
    write("dvc_plots/static/x.png", image)
    write("dvclive/plots/images/x.jpg", image)
    write(".dvc/tmp/exps/run/x/x.run", ID)
    write(".dvc/tmp/old.json", json.dumps({"path": ID}))
    write("reports/mistakes.csv", f"id,label\n{ID},ada\n")  # of an earlier version
    write("reports/data/rows/ab.csv", HEADER + f"{row_key(ID)},00000000,ada,train,1,\n".encode())
    write(".groundwork/vectors/0.parquet", (root / "data/raw/part-00000.parquet").read_bytes())

    # What a server was asked: the content, and its record among others; and what was of others.
    kept = stored(repository, [ID])[0]
    digest = hashlib.sha256(kept).hexdigest()
    write(f".groundwork/serving/contents/2026-12-30/{digest}", kept)
    write(f".groundwork/serving/contents/2026-12-30/{'0' * 64}", b"of somebody else")
    header = Layout(ANSWERS, "ab" * 32).header()
    rows = [answer_row(1.0, bytes(16), d, 0.1, b"") for d in ("0" * 64, digest, "1" * 64)]
    write(".groundwork/serving/ab/20261130T12-answers-1-0.rec", header + b"".join(rows))
    write(".groundwork/serving/ab/20261130T13-answers-1-0.rec", header + rows[0])

    # What people collected of that, chose, and decided; DVC tracks it.
    others = (root.parent / "people/bob/011.jpg").read_bytes()
    ids = [id_of(hashlib.sha256(content).hexdigest()) for content in (kept, others)]
    table = examples_table("image", ids, image=[kept, others], label=["ada", "bob"])
    for path in (COLLECTED_FILE, ".groundwork/collected/people/examples/part-00000.parquet"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, root / path, compression="zstd")
    repository.run(f"dvc add -q {COLLECTED_FILE} && dvc push -q {COLLECTED_FILE}")
    with (root / "data/reviews/people.csv").open("a") as file:
        file.writelines(f"{id},ada,keep,eve,\n" for id in ids)

    # A cache with a table that is none of ours, compressed, and without digests.
    table = io.BytesIO()
    rows = [{"bytes": image, "path": "x"}]
    pq.write_table(pa.table({"image": rows}), table, compression="zstd")
    md5 = hashlib.md5(table.getvalue()).hexdigest()
    write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", table.getvalue())

    # Decisions: not committed yet, of this dataset and of another; and a note about another one.
    others = journal_line("ada/005.jpg,ada,keep,eve,")
    write(".groundwork/reviews-people.journal", journal_line(f"{ID},ada,keep,eve,") + others)
    write(".groundwork/reviews-else.journal", journal_line(f"{ID},ada,keep,eve,"))
    shutil.copy(root / "data/profile.json", root / "data/profiles/people.json")
    with (root / "data/reviews/people.csv").open("a") as file:
        file.write(f"bob/003.jpg,bob,keep,eve,as {ID}\n")

    # Downloads: of an earlier uri, and of one that no entry in git has.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photos/1.jpg", image)
    earlier = hashlib.sha256(b"https://example.org/v1.7z").hexdigest()[:32]
    write(downloads / earlier / "v1.7z", b"7z\xbc\xaf\x27\x1c which nobody can open")
    write(downloads / ("0" * 32) / "x.zip", buffer.getvalue())
    write(downloads / ("1" * 32) / "other.gz", gzip.compress(b"of somebody else"))


@pytest.mark.slow  # 20 s
def test_a_canary_in_every_place_is_gone(repository):
    root = repository.path
    cache = root.parent / "cache"
    env = {"GROUNDWORK_CACHE": str(cache)}
    entry = (root / "data/catalog/people.yaml").read_text()
    (root / "data/catalog/people.yaml").write_text(
        entry.replace("../people", "https://example.org/v1.7z")
    )
    repository.commit("where it was")
    (root / "data/catalog/people.yaml").write_text(entry)
    plant(repository, cache / "downloads")
    (root / "notes.html").write_text("<p>ada&#x2F;003.jpg</p>")  # of a person
    repository.run("git add data/reviews data/catalog data/collected data/profiles")
    repository.run("git commit -qm 'all of it'")
    images = stored(repository, FORGOTTEN)
    assert len(holders(repository, images, FORGOTTEN)) > 20
    assert row_key(ID) in (root / "reports/rows.csv").read_text()
    remembered = json.loads((root / "data/profiles/people.json").read_text())["remembered"]

    said = repository.run(f"{FORGET} --ids {IDS} --no-rebuild --yes", env=env)

    assert "Found: nothing." in said
    assert "Not made by the pipeline, and has them: notes.html\n" in said
    left = holders(repository, images, FORGOTTEN)
    assert left == [str(root / ".groundwork/reviews-else.journal")]
    for path in (
        "dvc_plots",
        "dvclive",
        "data/raw.partial",
        ".dvc/tmp/exps",
        "reports/mistakes.csv",
    ):
        assert not (root / path).exists()
    assert not list(root.glob("reports/**/*.png"))
    assert sorted(path.name for path in (root / ".groundwork/serving").rglob("*")) == [
        "0" * 64,
        "2026-12-30",
        "20261130T13-answers-1-0.rec",
        "ab",
        "contents",
    ]
    assert not list(root.rglob("*.partial"))
    assert [path.name for path in (cache / "downloads").glob("*/*")] == ["other.gz"]
    journal = (root / ".groundwork/reviews-people.journal").read_bytes()
    assert journal == journal_line("ada/005.jpg,ada,keep,eve,")
    assert "bob/003.jpg,bob,keep,eve,\n" in (root / "data/reviews/people.csv").read_text()
    assert pq.read_table(root / COLLECTED_FILE)["label"].to_pylist() == ["bob"]
    (served,) = pq.read_table(root / COLLECTED_FILE)["id"].to_pylist()
    reviews = (root / "data/reviews/people.csv").read_text()
    assert re.findall(r"served/\w+", reviews) == [served]
    assert repository.run(f"dvc status -q {COLLECTED_FILE}.dvc") == ""
    kept = json.loads((root / "data/profiles/people.json").read_text())["remembered"]
    gone = {line.split()[0] for line in remembered} - {line.split()[0] for line in kept}
    assert set(map(remembered_key, FORGOTTEN)) <= gone
    assert len(kept) == len(remembered) - len(gone) > 50
    keys = "|".join(map(remembered_key, FORGOTTEN)).encode().split(b"|")
    keys += [f"\n{row_key(id)},".encode() for id in FORGOTTEN]  # tombstones have whole digests
    assert not [
        n for n, c in everything(repository) if "objects" not in n and any(k in c for k in keys)
    ]
    assert "digests of ids in git's history: " in said


@pytest.mark.slow  # 30 s
def test_what_is_left_is_said_and_fails(repository):
    """In another worktree, in a stash, and in an archive that nobody can open."""
    root = repository.path
    cache = root.parent / "cache"
    env = {"GROUNDWORK_CACHE": str(cache)}
    secret = cache / "downloads/ab/secret.7z"
    secret.parent.mkdir(parents=True)
    secret.write_bytes(b"7z\xbc\xaf\x27\x1c which nobody can open")
    repository.run("git worktree add -q ../second && cp -r data/raw ../second/data/raw")
    (root / "reports/ingest.json").write_text(json.dumps({"see": ID}))
    repository.run("git stash -q")

    said = repository.run(f"{FORGET} --ids {IDS} --no-rebuild --yes", env=env, expect=1)
    assert "- stashes with them, that somebody made (git stash drop): 1\n" in said
    assert "../second/data/raw/part-00000.parquet" in said or "/second/data/raw/" in said
    assert "| fix: run the same command there, then here again\n" in said
    assert (root / JOURNAL).exists()

    repository.run("git worktree remove --force ../second")
    said = repository.run(f"{FORGET} --no-rebuild --yes", env=env, expect=1)
    assert f"Could not be looked into: {secret} (a 7z archive" in said
    assert "ERROR all else is done, but 1 files cannot be looked into, first: " in said
    assert not (root / JOURNAL).exists()

    secret.unlink()
    repository.commit("forgotten")
    said = repository.run(f"{FORGET} --ids {IDS} --no-rebuild --yes", env=env)
    assert "Found: nothing." in said


def test_names_in_a_database_are_found_whatever_stands_before_them(tmp_path):
    """In a page of SQLite the byte before a text says how long it is: a slash, for 17."""
    from pipeline.commands.forget.contents.mentions import names_one

    for length in range(6, 40):
        name = "x" * (length - 4) + ".jpg"
        path = tmp_path / f"{length}.db"
        with sqlite3.connect(path) as database:
            database.execute("pragma journal_mode = wal")
            database.execute("create table files (path text)")
            database.execute("insert into files values (?)", (name,))
        database.close()
        assert names_one(path.read_bytes(), {name}), length
        assert not names_one(path.read_bytes(), {f"y{name}"}), length
