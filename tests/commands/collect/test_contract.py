"""What holds for every kind of data and label: what people decide about it becomes an example."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.commands.collect.__main__ import main
from pipeline.commands.collect.arguments import parser
from pipeline.commands.review.__main__ import open_session, places_of
from pipeline.dataset.served.ids import id_of
from pipeline.ingest.collected import with_collected
from pipeline.modalities.opening import open_prepare, open_show
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels
from tests.support.served_traffic import write_records
from tests.support.watched import KINDS, TrafficState, contents_of, settings_of, write_watched

NUM = 60
PLACES = ["--model", "serving", "--records", "records"]
TERMS = ["--license", "CC-BY-4.0", "--purpose", "training"]


@pytest.fixture(scope="module", params=KINDS, ids=" of ".join)
def kind(request) -> TrafficState:
    return request.param


@pytest.fixture(scope="module")
def folder(kind, tmp_path_factory):
    folder = tmp_path_factory.mktemp("collected") / "serving"
    return folder, write_watched(folder, kind)


def run(*options):
    main(parser().parse_args([*PLACES, *options]))


def test_decisions_are_examples_that_ingest_reads(kind, folder, here):
    Path("params.yaml").write_text(
        f"dataset: ours\nmodality: {kind.modality}\ntarget: {kind.target}\nseed: 0\n"
    )
    Path("data/catalog").mkdir(parents=True)
    Path("data/catalog/ours.yaml").write_text("uri: ours\nlicense: MIT\n")
    Path("serving").symlink_to(folder[0])
    model = folder[1]
    contents = contents_of(kind.modality, NUM, seed=5)
    write_records(Path("records"), model, contents, keep=True)
    run("--num", "10")
    page = open_session("ana", *places_of(True))
    items = page.items(page.select({})["rows"])
    assert len(items) == 10
    assert all(item["example"]["html"] or item["example"]["row"] is not None for item in items)
    page.decide("1", items[0]["id"], "keep", "", "")
    page.decide("2", items[1]["id"], "label", kind.labels[1], "")
    page.decide("3", items[2]["id"], "drop", "", "")
    if kind.target == "ranking":
        return  # what users took is an event without a decision: test_rankings.py
    run("--take", *TERMS)

    (content,) = open_show(kind.modality).CONTENT
    (batch,) = with_collected(Source({"a"}, 0, frozenset(), iter(())), "ours", content).batches
    table = batch()
    assert set(table["license"].to_pylist()) == {"CC-BY-4.0"}
    assert set(table["purposes"].to_pylist()) == {"training"}
    assert set(table["source"].to_pylist()) == {f"served by {model.version}"}
    assert sorted(table["id"].to_pylist()) == sorted(item["id"] for item in items[:2])
    limits = settings_of(kind.modality, "prepare", "IngestFields", "ingest")
    prepared = open_prepare(kind.modality).prepare(table[content].to_pylist(), limits)
    assert prepared.problems == [None, None]
    assert list(map(id_of, prepared.digests)) == table["id"].to_pylist(), "the same examples"
    labels = open_labels(kind.target).column(table["label"].to_pylist(), model.target)
    assert pa.array(labels).null_count == 0
    decisions = Path("data/reviews/ours.csv").read_text()
    assert kind.labels[1] in decisions
    (answers,) = model.answer([model.prepare(table[content].to_pylist())])
    given = table["label"].to_pylist()
    if kind.target == "numbers":
        said = [answer.label for answer in answers]
        np.testing.assert_allclose(list(map(float, given)), said, rtol=2e-3, atol=0.05)
    else:
        assert given == [answer.label for answer in answers], "until clean applies the decision"
