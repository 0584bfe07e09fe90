"""Paraphrases take turns as copies of their text, in train alone."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.augment import versions as stage
from pipeline.augment.sharding import Sharding, make_jobs, make_shards
from pipeline.augment.versions import Brought, read_brought
from pipeline.dataset.table import SPLITS, words
from pipeline.modalities.opening import open_encode
from tests.support.shard_jobs import balance_by

LABELS = ["ham", "spam"]
TEXTS = {"a": "free lunch", "b": "see you soon", "c": "call me later", "d": "win a prize"}
SPLIT_OF = {"a": "train", "b": "train", "c": "test", "d": "train"}
PREPARATION = {"ngrams": {"buckets": 1024, "length": 64}}
VERSIONS = {"a": [{"text": "lunch is free"}, {"text": "no money for lunch"}]}


def table() -> pa.Table:
    ids = list(TEXTS)
    return pa.table(
        {
            "id": ids,
            "text": [TEXTS[id] for id in ids],
            "sha256": [hashlib.sha256(TEXTS[id].encode()).hexdigest() for id in ids],
            "label": words(["spam", "ham", "ham", "spam"], LABELS),
            "split": words([SPLIT_OF[id] for id in ids], SPLITS),
            "weight": pa.array([1.0] * len(ids), pa.float32()),
            **{name: words(["x"] * len(ids)) for name in ("source", "license")},
            "purposes": words([None] * len(ids)),
        }
    )


def encoded(text: str) -> bytes:
    return open_encode("text").encode({"text": [text]}, PREPARATION)["ngrams"].tobytes()


def test_versions_take_turns_as_copies_of_training_texts(tmp_path):
    plan = Sharding(
        folder=tmp_path,
        modality="text",
        target="classes",
        index={"classes": LABELS},
        preparation=PREPARATION,
        copies=4,
        rows_per_shard=100,
        settings=None,
        seed=0,
    )
    jobs = make_jobs(plan, [table()], balance_by([table()], "none", LABELS), brought=VERSIONS)
    files = [file for job in jobs for file in make_shards(job).files]
    of_a = []
    for file in sorted(files, key=lambda file: (file["split"], file["copy"])):
        rows = pq.read_table(tmp_path / file["name"]).to_pylist()
        for row in rows:
            if row["id"] == "a":
                of_a.append(row["ngrams"])
            else:
                assert row["ngrams"] == encoded(TEXTS[row["id"]])
        if file["copy"]:
            assert {row["id"] for row in rows} <= {"a", "b", "d"}
    first, second = (encoded(version["text"]) for version in VERSIONS["a"])
    assert of_a == [encoded(TEXTS["a"]), first, second, first]


def test_a_file_is_read_where_there_is_one_and_copies_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "read_tables", lambda folder, names: [table().select(names)])
    encoding = open_encode("text")
    assert read_brought(encoding, "sms", 2) == Brought({}, "", "")
    path = Path("data/paraphrases/sms.csv")
    path.parent.mkdir(parents=True)
    path.write_text("id,paraphrase\na,lunch is free\nc,ring me\n", encoding="utf-8")
    found = read_brought(encoding, "sms", 2)
    assert found.versions == {"a": [{"text": "lunch is free"}]}
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.remark == (
        "data/paraphrases/sms.csv: 1 paraphrases of 1 training texts; 1 of texts of val and test "
        "are left out"
    )
    assert "augment.copies is 1" in read_brought(encoding, "sms", 1).remark
    assert read_brought(open_encode("images"), "sms", 2) == Brought({}, "", "")
