"""What came back through `groundwork collect` is known by its content, and goes."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.commands.forget.collected import drop_collected, learn_served
from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.commands.forget.decisions import drop_decisions
from pipeline.dataset.served.ids import id_of
from pipeline.runtime.errors import ForgetError
from pipeline.sources.source import examples_table

FILE = Path("data/collected/people.parquet")
MINE, OTHERS = b"what Ada wrote", [b"what Bob wrote", b"what Eve wrote"]
DIGEST = hashlib.sha256(MINE).hexdigest()


@pytest.fixture(params=["image", "row", "text"])
def collected(request, here):
    """Three served examples, one of them Ada's, whose original is in data/raw by another id."""
    contents = [OTHERS[0], MINE, OTHERS[1]]
    ids = [id_of(hashlib.sha256(content).hexdigest()) for content in contents]
    FILE.parent.mkdir(parents=True)
    table = examples_table(request.param, ids, **{request.param: contents, "label": ["a"] * 3})
    pq.write_table(table, FILE, compression="zstd")
    return ids


def test_it_is_known_by_its_content_under_any_name(collected):
    for name in (collected[1], DIGEST, hashlib.sha256(collected[1].encode()).hexdigest()):
        examples = Forgotten()
        with FILE.open("rb") as file:
            assert examples.meet(file, {name, "nobody"}) == {name}
        assert (examples.ids, examples.digests) == ({collected[1]}, {DIGEST})
    original = Forgotten(ids={"ada.txt"}, digests={DIGEST})
    with FILE.open("rb") as file:
        original.meet_copies(file)
        assert original.in_file(file, ())
    assert original.ids == {"ada.txt", collected[1]}
    other = Forgotten(ids={"zoe.txt"}, digests={"0" * 64})
    with FILE.open("rb") as file:
        other.meet_copies(file)
        assert not other.in_file(file, other.ids)


def test_its_row_goes_and_others_stay(collected):
    before = pq.read_table(FILE)
    drop_collected("people", Forgotten(ids={"ada.txt"}, digests={DIGEST}))
    after = pq.read_table(FILE)
    assert after.equals(before.filter([True, False, True]))
    assert MINE not in FILE.read_bytes()
    content = FILE.read_bytes()
    drop_collected("people", Forgotten(ids={"ada.txt"}, digests={DIGEST}))
    drop_collected("others", Forgotten(ids={"ada.txt"}, digests={DIGEST}))
    assert FILE.read_bytes() == content
    drop_collected("people", Forgotten(ids={collected[0], collected[2]}))
    assert pq.read_table(FILE).num_rows == 0


def test_decisions_about_it_go_though_it_was_never_taken(here):
    reviews = Path("data/reviews/people.csv")
    reviews.parent.mkdir(parents=True)
    lines = [f"{id_of(DIGEST)},a,drop,eve,", f"{id_of('0' * 64)},a,keep,eve,"]
    reviews.write_text("\n".join(["id,given,decision,reviewer,note", *lines, ""]))
    examples = Forgotten(ids={"ada.txt"}, digests={DIGEST})
    learn_served("people", examples)
    assert examples.ids == {"ada.txt", id_of(DIGEST)}
    drop_decisions("people", examples.ids)
    assert reviews.read_text().splitlines()[1:] == lines[1:]


def test_a_damaged_file_is_one_line(here):
    FILE.parent.mkdir(parents=True)
    for content in (b"PAR1 no more", b"x"):
        FILE.write_bytes(content)
        with pytest.raises(ForgetError, match=r"data/collected/people\.parquet "):
            drop_collected("people", Forgotten(ids={"ada.txt"}))
