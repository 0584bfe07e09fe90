"""Of a ranking users are looked at, and what they took becomes events that ingest reads."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.commands.collect.__main__ import main
from pipeline.commands.collect.arguments import parser
from pipeline.commands.promote.traffic import check_traffic
from pipeline.commands.review.__main__ import open_session, places_of
from pipeline.dataset.catalog import Entry
from pipeline.entry import read_entry
from pipeline.ingest.collected import open_with_collected
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.errors import MissingInput, SettingsError
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels
from tests.support.served_traffic import write_records
from tests.support.watched import ITEMS, TrafficState, write_watched

PARAMS = "dataset: ours\nmodality: interactions\ntarget: ranking\nseed: 0\n"
ENTRY = """\
uri: events.csv
license: MIT
purposes: [training]
columns: {user: user, item: item, time: time, value: rating}
minimum: {value: 4}
split: {by: last}
"""
PLACES = ["--model", "serving", "--records", "records"]
TAKE = ["--take", "--license", "CC-BY-4.0", "--purpose", "training"]
NUM_USERS = 20
COLLECTED = Path("data/collected/ours.parquet")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists") / "serving"
    return folder, write_watched(folder, TrafficState("interactions", "ranking"))


def taken(number: int) -> str:
    return ITEMS[(number + 1) % len(ITEMS)]


@pytest.fixture
def project(here, made):
    """A project that answered 20 users and one whom nobody knows; each took an item."""
    Path("params.yaml").write_text(PARAMS)
    Path("data/catalog").mkdir(parents=True)
    Path("data/catalog/ours.yaml").write_text(ENTRY)
    rows = [f"u{user},{ITEMS[place]},5,{10**9 + place}" for user in range(NUM_USERS)
            for place in range(user % 3, 12, 3)]  # fmt: skip
    Path("events.csv").write_text("\n".join(["user,item,rating,time", *rows]) + "\n")
    Path("serving").symlink_to(made[0])
    requests = [{"user": f"u{user}", "history": [ITEMS[0]]} for user in range(NUM_USERS)]
    requests += [{"user": "stranger"}, {"history": ITEMS[:2]}]
    contents = [json.dumps(request).encode() for request in requests]
    truths = [*map(taken, range(NUM_USERS)), "no item", ITEMS[1]]
    write_records(Path("records"), made[1], contents, truths=truths, keep=True)
    return here


def run(*options):
    main(parser().parse_args([*PLACES, *options]))


def opened() -> Source:
    entry: Entry = read_entry("ours", "interactions", "ranking")
    labels = open_labels("ranking")
    return open_with_collected(entry, "ours", open_prepare("interactions"), labels, 1e9)


def test_what_users_took_are_events_beside_those_of_the_source(project, capsys):
    before = opened()
    run(*TAKE)
    said = capsys.readouterr().out
    assert "20 events (now of 20 users) are in data/collected/ours.parquet" in said
    assert "left out 1 labels that came: the model does not know the item" in said
    assert "left out 1 labels that came: their requests name no user" in said
    source = opened()
    assert source.num_examples > before.num_examples
    (batch,) = source.batches
    rows = [row for row in batch().to_pylist() if row["id"].startswith("served/")]
    assert rows, "of these many are of items that the user had"
    for row in rows:
        assert row["label"] == taken(int(row["group"][1:]))
        assert row["split"] == "test", "the last new item of the user"
        assert (row["license"], row["purposes"]) == ("CC-BY-4.0", "training")
        assert row["source"].startswith("served by ")
        assert json.loads(row["event"])["value"] == 4, "it counts"
    others = [row for row in batch().to_pylist() if not row["id"].startswith("served/")]
    assert {row["license"] for row in others} == {None}, "that of the entry"
    run(*TAKE)
    assert pq.read_table(COLLECTED).num_rows == 20, "each once"


def test_people_see_users_with_their_histories_and_drop_some(project):
    run("--num", "12")
    page = open_session("ana", *places_of(True))
    items = page.items(page.select({})["rows"])
    assert len(items) == 12
    html = {item["id"]: item["example"]["html"] for item in items}
    assert len({text.partition("</p>")[0] for text in html.values()}) == 12, "a user once"
    assert any("user stranger" in text for text in html.values()), "a few whom nobody knows"
    assert not any("nobody known" in text for text in html.values())
    first = next(item for item in items if "user stranger" not in html[item["id"]])
    assert all("The list began with item " in item["why"] for item in items[:11])
    shown = html[first["id"]]
    user = shown.partition("user ")[2].partition("<")[0]
    assert f"<td>{taken(int(user[1:]))}</td><td>took, by /feedback</td>" in shown
    page.decide("1", first["id"], "drop", "", "")
    run(*TAKE)
    assert user not in pq.read_table(COLLECTED)["group"].to_pylist()
    run("--num", "12")
    again = open_session("ana", *places_of(True))
    assert first["id"] not in {item["id"] for item in again.items(again.select({})["rows"])}


def test_traffic_that_was_learnt_judges_no_model(project, made):
    assert (
        "better on 0, worse on 0 of"
        in check_traffic(Path("records"), made[1], made[1], "ours").words
    )
    run(*TAKE)
    words = check_traffic(Path("records"), made[1], made[1], "ours").words
    assert "of 2 examples" in words, "those that no event came of"


def test_what_it_refuses(project, made, tmp_path):
    Path("params.yaml").write_text(PARAMS + "ingest: {pseudonymise: true}\n")
    with pytest.raises(SettingsError, match="of which ingest would make others"):
        run(*TAKE)
    Path("params.yaml").write_text(PARAMS)
    write_records(Path("silent"), made[1], [b'{"user": "u1"}'], keep=True)
    with pytest.raises(MissingInput, match="no label of silent is an event"):
        main(parser().parse_args(["--model", "serving", "--records", "silent", *TAKE]))
    write_records(Path("nobody"), made[1], [b'{"history": ["item 1"]}'], keep=True)
    with pytest.raises(MissingInput, match="are of nobody"):
        main(parser().parse_args(["--model", "serving", "--records", "nobody"]))


def test_an_answer_says_whether_anything_is_known_of_the_user(made):
    requests = [{"user": "u1"}, {"user": "stranger"}, {"user": "stranger", "history": ITEMS[:1]}]
    rows = made[1].prepare([json.dumps(request).encode() for request in requests])
    assert [answer.values["known"] for answer in made[1].answer([rows])[0]] == [True, False, True]
