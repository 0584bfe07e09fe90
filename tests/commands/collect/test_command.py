"""`collect`: what people are shown, and what they decided as examples of the dataset."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.commands.collect.__main__ import main
from pipeline.commands.collect.arguments import parser
from pipeline.commands.collect.choosing import DIFFER, DOUBT, RANDOM, TRUTH, Candidates, choose
from pipeline.commands.review.__main__ import open_session, places_of
from pipeline.ingest.collected import with_collected
from pipeline.runtime.errors import MissingInput, SettingsError, SourceError
from pipeline.sources.source import Source
from tests.support.exported import CLASSES
from tests.support.served_traffic import photos, write_records, write_served

PARAMS = "dataset: pets\nmodality: images\ntarget: classes\nseed: 0\n"
PLACES = ["--model", "models/serving", "--records", "records"]
TAKE = ["--take", "--license", "CC0-1.0", "--purpose", "training", "--purpose", "research"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collect") / "models/serving"
    return folder, write_served(folder)


@pytest.fixture
def project(here, made):
    """A project that has served 60 photos and kept them; the labels of six came."""
    Path("params.yaml").write_text(PARAMS)
    Path("data/catalog").mkdir(parents=True)
    Path("data/catalog/pets.yaml").write_text("uri: pets\nlicense: MIT\nimage_size: [6, 6]\n")
    Path("models").mkdir()
    Path("models/serving").symlink_to(made[0])
    write_records(Path("records"), made[1], photos(60, seed=3), truths=CLASSES * 2, keep=True)
    return here


def run(*options):
    main(parser().parse_args([*PLACES, *options]))


def session():
    return open_session("ana", *places_of(True))


def test_the_page_shows_what_was_chosen(project, capsys):
    run("--num", "20")
    said = capsys.readouterr().out
    assert said.startswith("collect: 20 of 60 served examples: ")
    opened = session()
    rows = opened.select({})["rows"]
    assert len(rows) == 20
    items = opened.items(rows)
    assert all(item["id"].startswith("served/") for item in items)
    assert all(item["given"] in CLASSES for item in items)
    assert "People do not agree: 1 " in items[0]["why"], "labels that came are first"
    assert items[0]["proposed"] != items[0]["given"]
    kind, content = opened.media(items[-1]["example"]["row"])
    assert kind == "image/png"
    assert content.startswith(b"\x89PNG")


def test_decisions_become_examples_with_their_licence(project):
    run("--num", "10")
    opened = session()
    items = opened.items(opened.select({})["rows"])
    opened.decide("1", items[0]["id"], "keep", "", "")
    opened.decide("2", items[1]["id"], "label", CLASSES[0], "")
    opened.decide("3", items[2]["id"], "drop", "", "")
    run(*TAKE)
    table = pq.read_table("data/collected/pets.parquet")
    assert sorted(table["id"].to_pylist()) == sorted(item["id"] for item in items[:2])
    assert set(table["license"].to_pylist()) == {"CC0-1.0"}
    assert set(table["purposes"].to_pylist()) == {"training research"}
    given = dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))
    assert given == {item["id"]: item["given"] for item in items[:2]}, "clean applies the decision"

    run("--num", "10")  # others than those
    again = {item["id"] for item in session().items(session().select({})["rows"])}
    assert not again & {item["id"] for item in items[:3]}
    opened = session()
    opened.decide("4", opened.items([0])[0]["id"], "keep", "", "")
    run(*TAKE)
    assert pq.read_table("data/collected/pets.parquet").num_rows == 3


def test_ingest_has_them_beside_its_source(project):
    run("--num", "10")
    opened = session()
    opened.decide("1", opened.items([0])[0]["id"], "keep", "", "")
    run(*TAKE)
    for splits, split in ((frozenset(), None), (frozenset({"train", "test"}), "train")):
        source = Source({"a"}, 0, splits, iter(()))
        joined = with_collected(source, "pets", "image")
        assert joined.num_examples == 1
        (batch,) = joined.batches
        assert batch()["split"].to_pylist() == [split]
    assert with_collected(source, "others", "image") is source
    Path("data/collected/pets.parquet").write_bytes(b"no Parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        with_collected(source, "pets", "image")


def test_where_two_models_differ(project, made, tmp_path):
    run("--against", str(made[0]), "--num", "8")
    items = session().items(session().select({})["rows"])
    differ = [item for item in items if item["proposed"] != item["given"]]
    assert all(item["judges"] == "people" for item in differ), "the same model never differs"


def test_what_it_refuses(project, capsys):
    with pytest.raises(MissingInput, match="does not exist"):
        run(*TAKE)
    with pytest.raises(SettingsError, match="--take needs --license"):
        run("--take")
    run("--num", "5")
    with pytest.raises(MissingInput, match="nothing is decided"):
        run(*TAKE)
    Path("params.yaml").write_text(PARAMS.replace("classes", "numbers"))
    with pytest.raises(SettingsError, match="the model is of images and classes"):
        run()


def test_no_contents_were_kept(project, made):
    write_records(Path("others"), made[1], photos(5, seed=4))
    with pytest.raises(MissingInput, match="of 5 answers no content is kept in others"):
        main(parser().parse_args(["--model", "models/serving", "--records", "others"]))


def test_the_order_of_choosing():
    answers = np.array([[0.9, 0.1], [0.55, 0.45], [0.8, 0.2], [0.7, 0.3]] + [[1.0, 0.0]] * 16)
    said, truths = ["a"] * 20, [None] * 20
    truths[2], truths[3] = "b", "a"
    others = ["a"] * 20
    others[0] = "b"
    is_wrong = [truth not in (None, "a") for truth in truths]
    confidence = answers.max(1)
    chosen = choose(
        Candidates(answers, said, truths, is_wrong, confidence, others=others), 10, seed=0
    )
    assert len(chosen) == 10
    sample = [row for row, why in chosen.items() if why == RANDOM]
    assert len(sample) == 1
    whys = {row: why for row, why in chosen.items() if row not in sample}
    assert whys.get(2, TRUTH) == TRUTH
    assert whys.get(0, DIFFER) == DIFFER
    assert whys.get(1, DOUBT) == DOUBT
    numbers = Candidates(
        np.arange(5.0)[:, None], list(range(5)), [None] * 5, [False] * 5, others=[9, 1, 9, 3, 4]
    )
    assert choose(numbers, 3, seed=0)[0] == DIFFER
