"""Find, diff and trace in a project whose stages have run, as README and docs show them."""

import csv
import json
import subprocess

import numpy as np
import pyarrow.parquet as pq

from pipeline.dataset.rows import row_key
from tests.support.repository import Repository


def lines(repository: Repository, command: str) -> list[str]:
    return repository.run(f"groundwork {command}").splitlines()


def test_every_example_has_its_row(built):
    with (built.path / "reports/rows.csv").open(newline="") as file:
        rows = {row["key"]: row for row in csv.DictReader(file)}
    raw = pq.read_table(built.path / "data/raw/part-00000.parquet", columns=["id", "sha256"])
    assert set(rows) == {row_key(id) for id in raw["id"].to_pylist()}
    for id, digest in zip(raw["id"].to_pylist(), raw["sha256"].to_pylist(), strict=True):
        assert rows[row_key(id)]["content"] == digest[:8]


def test_nothing_changed_since_the_commit(built):
    assert lines(built, "diff")[0] == "HEAD -> workspace, digits: 1,797 -> 1,797 examples"
    assert not built.run("groundwork diff --csv").splitlines()[1:]


def test_the_nearest_are_of_the_same_digit(built):
    """By the model's embeddings: of test examples, which it has not learnt from."""
    predictions = pq.read_table(built.path / "data/evaluation/predictions.parquet").to_pylist()
    right = [row for row in predictions if row["predicted"] == row["label"]][:3]
    same = []
    for row in right:
        output = built.run(f"groundwork find --like {row['id']} --limit 6 --csv 2>/dev/null")
        found = list(csv.DictReader(output.splitlines()))
        assert found[0]["id"] == row["id"]
        assert float(found[0]["distance"]) < 0.01
        distances = [float(other["distance"]) for other in found]
        assert distances == sorted(distances)
        same += [other["label"] == row["label"] for other in found[1:]]
    assert np.mean(same) > 0.8
    assert len(list((built.path / ".groundwork/vectors").iterdir())) == 3


def test_a_file_is_like_the_example_it_is(built, tmp_path):
    table = pq.read_table(built.path / "data/raw/part-00000.parquet", columns=["id", "image"])
    (tmp_path / "new.png").write_bytes(table["image"][77].as_py())
    id = table["id"][77].as_py()
    found = lines(built, f"find --like {tmp_path}/new.png --limit 1 --ids 2>/dev/null")
    assert found == [id]
    listed = lines(built, f"find --like {tmp_path}/new.png \"label != '2'\" --ids 2>/dev/null")
    assert id not in listed


def test_without_a_model_measurements_are_compared(built, tmp_path):
    hidden = (built.path / "models/serving").rename(tmp_path / "serving")
    table = pq.read_table(built.path / "data/raw/part-00000.parquet", columns=["id", "image"])
    (tmp_path / "new.png").write_bytes(table["image"][77].as_py())
    try:
        output = built.run(f"groundwork find --like {table['id'][77]} --limit 1 --ids")
        by_file = built.run(f"groundwork find --like {tmp_path}/new.png --limit 1 --ids")
    finally:
        hidden.rename(built.path / "models/serving")
    said = "find: by measurements, as there is no model\n"
    assert sorted(output.splitlines()) == sorted([table["id"][77].as_py(), said.strip()])
    assert by_file == output


def test_trace_tells_all_stages(built):
    id = lines(built, "find \"split = 'train'\" --ids --limit 1")[0]
    told = json.loads(built.run(f"groundwork trace {id} --json"))
    about = [line["about"] for line in told]
    for stage in ("source", "raw", "validate", "clean", "shards", "trained on it", "commit", "now"):
        assert stage in about
    trained = next(line["known"] for line in told if line["about"] == "trained on it")
    weights = built.path / "models/model.safetensors"
    md5 = subprocess.run(["md5sum", weights], capture_output=True, text=True, check=True).stdout
    assert trained.startswith(f"models/model.safetensors {md5[:12]}, ")


def test_what_is_neither_an_id_nor_a_file(built):
    said = built.run("groundwork find --like nobody.png", expect=1)
    assert "ERROR nobody.png is no id of an example that is there, and no file | fix: " in said
    said = built.run("groundwork find --like params.yaml", expect=1)
    assert "ERROR params.yaml cannot be read: " in said


def test_a_fresh_clone_with_neither_cache_nor_remote(built, tmp_path):
    """Of two commits, of which the second swaps two labels: found by git alone, and traced."""
    built.run(f"git clone -q . {tmp_path}/fresh")
    fresh = Repository(tmp_path / "fresh")
    path = fresh.path / "reports/rows.csv"
    head, *rows = path.read_text().splitlines()
    kept = [row.split(",") for row in rows]
    one = next(row for row in kept if row[2] == "3")
    other = next(row for row in kept if row[2] == "5")
    one[2], other[2] = "5", "3"
    path.write_text("\n".join([head, *map(",".join, kept), ""]))
    fresh.run("git commit -qam swap")
    said = fresh.run("groundwork diff HEAD~1 HEAD")
    assert "relabelled  2  3 -> 5: 1, 5 -> 3: 1" in said
    assert f"    {one[0]}  3 -> 5\n" in said
    traced = fresh.run(f"groundwork trace {one[0]}")
    assert "relabelled 3 -> 5 (swap)" in traced
    assert "data/raw is not here (dvc pull data/raw)" in traced
