"""Every example becomes one row, in order; splits are a function of (seed, group or id)."""

import hashlib
from functools import partial
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipeline.dataset.privacy import pseudonym
from pipeline.dataset.splits.rule import SplitRule
from pipeline.ingest.admission import Terms
from pipeline.ingest.rows import IngestJob, make_rows
from pipeline.ingest.splits import assign_splits
from pipeline.modalities.images.content.decoding import prepare
from pipeline.modalities.images.content.measurements import measure
from tests.support.entries import EXAMPLE_SCHEMA, KIND
from tests.support.image_schema import RAW_SCHEMA

CLASSES = ["cat", "dog"]
FRACTIONS = SplitRule(val=0.2, test=0.1)


def job(examples: list[dict], **changes) -> IngestJob:
    """A job of the given examples; what they leave out is null."""
    rows = [dict.fromkeys(EXAMPLE_SCHEMA.names) | example for example in examples]
    given = {
        "read": partial(pa.Table.from_pylist, rows, EXAMPLE_SCHEMA),
        **KIND.model_dump(),
        "index": {"classes": CLASSES},
        "splits_given": frozenset(),
        "fractions": FRACTIONS,
        "seed": 0,
        "limits": SimpleNamespace(max_megapixels=1),
        "source": "data/pets",
    }
    terms = {
        "license": "CC0-1.0",
        "purposes": None,
        "purpose": "training",
        "opted_out": frozenset(),
        "pseudonym_key": None,
        "splits": None,
    }
    of_terms = {name: value for name, value in changes.items() if name in terms}
    of_job = {name: value for name, value in changes.items() if name not in terms}
    return IngestJob(**given | of_job, terms=Terms(**terms | of_terms))


def make(examples: list[dict], **changes) -> pa.Table:
    return make_rows(job(examples, **changes)).table


def splits(examples: list[dict], **changes) -> dict[str, str]:
    work = job(examples, **changes)
    names = assign_splits(work.read(), work.splits_given, work.fractions, work.seed)
    return dict(zip([example["id"] for example in examples], names, strict=True))


MANY = [{"id": f"{number:05d}"} for number in range(5000)]
IN_GROUPS = [example | {"group": f"owner-{i // 7}"} for i, example in enumerate(MANY)]


def ids_in(split: str, found: dict[str, str]) -> set[str]:
    return {id for id, name in found.items() if name == split}


def test_a_row_says_all_there_is_to_say(png):
    data = png(0, 5, 6, 3)
    (row,) = make([{"id": "a", "image": data, "label": "dog", "group": "g"}]).to_pylist()
    measured = measure(prepare(data, 100).pixels[None])
    assert row == {
        "id": "a",
        "image": data,
        "label": "dog",
        "split": splits([{"id": "a", "group": "g"}])["a"],
        "group": "g",
        "sha256": hashlib.sha256(data).hexdigest(),
        "source_sha256": hashlib.sha256(data).hexdigest(),
        "source": "data/pets",
        "license": "CC0-1.0",
        "width": 6,
        "height": 5,
        "channels": 3,
        "mode": "RGB",
        "purposes": None,
        **{name: values[0] for name, values in measured._asdict().items()},
        "metadata_removed": "",
        "problem": None,
    }


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "empty file"),
        (b"", "empty file"),
        (b"no image", "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, but text"),
    ],
)
def test_an_unreadable_image_is_a_row_with_its_problem(data, problem):
    (row,) = make([{"id": "a", "image": data, "label": "cat"}]).to_pylist()
    assert row == dict.fromkeys(RAW_SCHEMA.names) | {
        "id": "a",
        "label": "cat",
        "split": splits([{"id": "a"}])["a"],
        "source_sha256": data if data is None else hashlib.sha256(data).hexdigest(),
        "source": "data/pets",
        "license": "CC0-1.0",
        "metadata_removed": "",
        "problem": problem,
    }


def test_an_oversize_image_is_a_row_with_its_problem(png):
    examples = [{"id": "a", "image": png(0, 5, 6), "label": "cat"}]
    rows = make(examples, limits=SimpleNamespace(max_megapixels=29e-6))
    assert rows["problem"].to_pylist() == ["6 x 5 pixels, more than 29 allowed"]


def test_a_label_that_is_no_class_is_null(png):
    labels = ["dog", "bird", None, "cat"]
    examples = [{"id": str(i), "image": png(i), "label": label} for i, label in enumerate(labels)]
    rows = make_rows(job(examples))
    assert rows.table["label"].to_pylist() == ["dog", None, "cat"]
    assert rows.table["problem"].to_pylist() == [None, "label bird is no class", None]


def test_examples_without_a_label_wait_in_the_pool(png):
    labels = ["dog", None, "-1", "cat"]
    examples = [
        {"id": str(i), "image": png(i), "label": label, "split": "val"}
        for i, label in enumerate(labels)
    ]
    rows = make_rows(job(examples))
    assert rows.table["id"].to_pylist() == ["0", "3"]
    assert rows.pool.schema == rows.table.schema == RAW_SCHEMA
    pool = rows.pool.select(["id", "label", "split", "problem"]).to_pylist()
    assert pool == [{"id": id, "label": None, "split": None, "problem": None} for id in ("1", "2")]
    undivided = make_rows(job(examples, divides=False))
    assert (undivided.table.num_rows, undivided.pool.num_rows) == (4, 0)
    minus = make_rows(job(examples, index={"classes": ["-1", "cat", "dog"]}))
    assert minus.table["label"].to_pylist() == ["dog", "-1", "cat"]


def test_only_the_splits_that_the_entry_takes(png):
    places = [("train", "cat"), ("test", "dog"), (None, None), ("val", None), ("train", None)]
    examples = [
        {"id": str(i), "image": png(i), "label": label, "split": split}
        for i, (split, label) in enumerate(places)
    ]
    rows = make_rows(job(examples, splits=("train",)))
    assert (rows.table["id"].to_pylist(), rows.pool["id"].to_pylist()) == (["0"], ["4"])
    assert rows.left_out == {
        "splits: leaves out test": 1,
        "splits: leaves out none": 1,
        "splits: leaves out val": 1,
    }
    rows = make_rows(job(examples, splits=("train", "unlabelled")))
    assert rows.pool["id"].to_pylist() == ["2", "4"]


def test_opted_out_examples_of_the_pool_are_left_out(png):
    examples = [{"id": str(i), "image": png(i), "label": None} for i in range(3)]
    stored = make_rows(job(examples)).pool["sha256"][1].as_py()
    rows = make_rows(job(examples, opted_out=frozenset(["0", stored])))
    assert (rows.pool["id"].to_pylist(), rows.left_out) == (["2"], {"opted out": 2})


def mixed_examples(png) -> list[dict]:
    """Of several shapes and kinds, some unreadable."""
    images = [
        png(0, 4, 4, 1),
        b"no image",
        png(1, 9, 3, 3),
        png(2, 4, 4, 1) + b"trailer",
        None,
        png(3, 4, 4, 3),
        png(4, 1, 1, 1),
        png(5, 9, 3, 3),
    ]
    return [
        {"id": f"id-{i}", "image": data, "label": CLASSES[i % 2]} for i, data in enumerate(images)
    ]


def test_rows_are_the_same_whatever_the_chunks(png):
    examples = mixed_examples(png)
    together = make(examples)
    assert together.schema == RAW_SCHEMA
    assert together["id"].to_pylist() == [example["id"] for example in examples]
    for size in (1, 3):
        chunks = [examples[start : start + size] for start in range(0, len(examples), size)]
        rows = [row for chunk in chunks for row in make(chunk).to_pylist()]
        assert rows == together.to_pylist()


def test_what_was_removed_is_told(png):
    rows = make(mixed_examples(png))
    assert rows["metadata_removed"].to_pylist() == ["", "", "", "trailer", "", "", "", ""]


def test_no_examples_no_rows():
    rows = make([])
    assert (rows.num_rows, rows.schema) == (0, RAW_SCHEMA)


def test_splits_have_their_fractions():
    found = splits(MANY)
    # 500 and 1,000 expected, with standard deviations of 21 and 28.
    assert abs(len(ids_in("test", found)) - 500) < 85
    assert abs(len(ids_in("val", found)) - 1000) < 115
    assert set(found.values()) == {"train", "val", "test"}


@pytest.mark.parametrize("examples", [MANY, IN_GROUPS], ids=["ids", "groups"])
def test_splits_stay_when_the_data_grow_or_are_reordered(examples):
    found = splits(examples)
    assert splits(examples[:100]).items() <= found.items()
    assert splits(examples[::-1]) == found
    assert splits(examples, seed=1) != found


def test_groups_never_straddle():
    found = splits(IN_GROUPS)
    splits_of_group: dict[str, set[str]] = {}
    for example in IN_GROUPS:
        splits_of_group.setdefault(example["group"], set()).add(found[example["id"]])
    assert {len(names) for names in splits_of_group.values()} == {1}
    assert set(found.values()) == {"train", "val", "test"}


def test_another_size_of_val_moves_nothing_in_or_out_of_test():
    small = splits(MANY, fractions=SplitRule(val=0.05, test=0.1))
    large = splits(MANY, fractions=SplitRule(val=0.5, test=0.1))
    assert ids_in("test", small) == ids_in("test", large)
    assert ids_in("val", small) < ids_in("val", large)


def test_splits_of_the_source_are_kept():
    names = ["train", "val", "test"]
    examples = [example | {"split": names[i % 3]} for i, example in enumerate(MANY)]
    found = splits(examples, splits_given=frozenset(names))
    assert found == {example["id"]: example["split"] for example in examples}


def test_a_val_that_the_source_lacks_is_drawn_from_its_train():
    names = ["train", "train", "test"]
    examples = [example | {"split": names[i % 3]} for i, example in enumerate(MANY)]
    found = splits(examples, splits_given=frozenset(["train", "test"]))
    assert ids_in("test", found) == {e["id"] for e in examples if e["split"] == "test"}
    # A fifth of 3,333 expected, with a standard deviation of 23.
    assert abs(len(ids_in("val", found)) - 667) < 95


def test_a_test_that_the_source_lacks_is_drawn_from_its_train():
    names = ["train", "val"]
    examples = [example | {"split": names[i % 2]} for i, example in enumerate(MANY)]
    found = splits(examples, splits_given=frozenset(names))
    assert ids_in("val", found) == {e["id"] for e in examples if e["split"] == "val"}
    # A tenth of 2,500 expected, with a standard deviation of 15.
    assert abs(len(ids_in("test", found)) - 250) < 60


THREE = [{"id": f"{name}.png", "label": "cat"} for name in "abc"]


def three(png) -> list[dict]:
    return [example | {"image": png(i) + b"tail"} for i, example in enumerate(THREE)]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "tombstone",
    [
        lambda image: "b.png",
        lambda image: sha256(b"b.png"),
        lambda image: sha256(image),
        lambda image: sha256(prepare(image, 1e6).data),
        lambda image: pseudonym("b.png", b"key"),
    ],
    ids=["id", "digest of the id", "of the image", "of the image as stored", "pseudonym"],
)
def test_who_is_opted_out_leaves_no_row(png, tombstone):
    examples = three(png)
    listed = frozenset([tombstone(examples[1]["image"]), "nobody.png"])
    made = make_rows(job(examples, opted_out=listed, pseudonym_key=b"key"))
    assert made.table["id"].to_pylist() == [pseudonym(f"{n}.png", b"key") for n in "ac"]
    assert made.left_out == {"opted out": 1}


def test_what_may_not_be_used_for_the_purpose_is_left_out(png):
    purposes = ["research", None, "research training"]
    examples = [e | {"purposes": p} for e, p in zip(three(png), purposes, strict=True)]
    made = make_rows(job(examples))
    assert made.table["id"].to_pylist() == ["b.png", "c.png"]
    assert made.table["purposes"].to_pylist() == [None, "research training"]
    assert made.left_out == {"only for research, not for training": 1}
    made = make_rows(job(examples, purposes="teaching"))  # the entry's, where rows say nothing
    assert made.table["id"].to_pylist() == ["c.png"]
    assert made.left_out == {
        "only for research, not for training": 1,
        "only for teaching, not for training": 1,
    }


def test_rows_may_have_a_licence_and_a_source_of_their_own(png):
    own = {"license": "MIT", "source": "https://example.org/a.png"}
    table = make([three(png)[0] | own, three(png)[1]])
    assert table["license"].to_pylist() == ["MIT", "CC0-1.0"]
    assert table["source"].to_pylist() == ["https://example.org/a.png", "data/pets"]


def test_pseudonyms_hide_names_and_change_nothing_else(png):
    examples = [example | {"group": "ana", "source": "ana.zip"} for example in three(png)]
    named, hidden = make(examples), make(examples, pseudonym_key=b"key")
    kept = [name for name in RAW_SCHEMA.names if name not in ("id", "group", "source")]
    assert hidden.select(kept).to_pylist() == named.select(kept).to_pylist()
    assert set(hidden["source"].to_pylist()) == {"data/pets"}
    assert len(set(hidden["group"].to_pylist())) == 1
    ids = hidden["id"].to_pylist()
    assert len(set(ids)) == 3
    assert all(len(id) == 32 and set(id) <= set("0123456789abcdef") for id in ids)
    assert ids == make(examples, pseudonym_key=b"key")["id"].to_pylist()
    assert not set(ids) & set(make(examples, pseudonym_key=b"other")["id"].to_pylist())


def test_the_fingerprint_is_of_everything_and_of_no_order(png):
    def of(examples: list[dict], **changes) -> int:
        return make_rows(job(examples, **changes)).fingerprint

    examples = three(png)
    whole = of(examples)
    assert of(examples[::-1]) == whole
    assert (of(examples[:1]) + of(examples[1:])) % 2**256 == whole
    assert of(examples, opted_out=frozenset(["a.png"]), pseudonym_key=b"key") == whole
    first = examples[0]
    changed = [{"id": "z.png"}, {"label": "dog"}, {"split": "test"}, {"image": png(9)}]
    found = [of([first | change, *examples[1:]]) for change in changed]
    assert len({whole, of(examples[1:]), *found}) == 6
