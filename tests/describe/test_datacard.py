"""The dataset card says what is there and what is not, whatever the names."""

import pyarrow as pa
from ruamel.yaml import YAML

from pipeline.dataset.catalog import Entry
from pipeline.dataset.findings import REASONS as ALL_REASONS
from pipeline.describe.datacard import REASONS, Facts, columns_of
from pipeline.describe.datacard import write_card as write_card_of
from pipeline.modalities.opening import open_show
from pipeline.targets.opening import open_describe

KIND = open_show("images"), open_describe("classes")
COLUMNS = columns_of(*KIND)

INGEST = {"examples": 40, "opted_out": 2, "other_purpose": 0, "with_exif": 7, "with_gps": 0}
LABELS = {"label_issues": 3, "relabelled": 1, "decisions": 2, "estimated_noise_rate": 0.0421}


def examples(num: int = 40, classes: tuple[str, ...] = ("cat", "dog")) -> pa.Table:
    columns = {
        "id": [f"{i}.jpg" for i in range(num)],
        "label": [classes[i % len(classes)] for i in range(num)],
        "split": [["train", "train", "val", "test"][i // 2 % 4] for i in range(num)],
        "group": pa.nulls(num, pa.string()),
        "source": ["/data/pets"] * num,
        "license": ["CC0-1.0"] * (num - 1) + ["MIT"],
        "purposes": pa.array([None] * (num - 2) + ["research", "research"], pa.string()),
        "width": pa.array(range(10, 10 + num), pa.int32()),
        "height": pa.array([20] * num, pa.int32()),
        **{name: pa.array([0.5] * num, pa.float32()) for name in COLUMNS[-3:]},
    }
    return pa.table({name: columns[name] for name in COLUMNS})


REMOVED = [
    ("duplicate", None),
    ("duplicate", None),
    ("leak", None),
    ("unusable", "blank"),
    ("unusable", "unlabelled"),
    ("unusable", "blank"),
    ("outlier", None),
]


def removed(*rows: tuple[str, str | None]) -> pa.Table:
    reasons, details = (pa.array([row[place] for row in rows], pa.string()) for place in (0, 1))
    return pa.table({"reason": reasons, "detail": details})


def facts(**changes) -> Facts:
    given = {
        "dataset": "pets",
        "entry": Entry(uri="/data/pets", license="CC-BY-4.0"),
        "uri": "/data/pets",
        "target_index": {"classes": ["cat", "dog"]},
        "table": examples(),
        "removed": removed(*REMOVED),
        "ingest": INGEST,
        "labels": LABELS,
    }
    return Facts(**given | changes)


def write_card(about: Facts) -> str:
    return write_card_of(about, *KIND)


def test_what_the_card_says():
    card = write_card(facts())
    for line in (
        "![some training examples of each class](data/classes.png)",
        "40 examples of 2 classes. The largest class has 20, the smallest 20.",
        "| cat | 10 | 5 | 5 | 20 |",
        "| **all** | 20 | 10 | 10 | 40 |",
        "| width (pixels) | 10 | 11.95 | 29.5 | 47.05 | 49 |",
        "- licence: `CC0-1.0` (39), `MIT` (1)",
        "- may be used for: `any purpose` (38), `research` (2)",
        "| opted out by the people concerned | 2 |",
        "| duplicate of another example | 2 |",
        "| repeats an example of another split | 1 |",
        "| cannot be used: blank | 2 |",
        "| cannot be used: unlabelled | 1 |",
        "| outlier | 1 |",
        "- suspected wrong labels: 3",
        "- estimated share of wrong labels: 4.2%",
        "Metadata removed from the images: exif from 7.",
    ):
        assert line in card.splitlines(), card
    assert "1.jpg" not in card  # no ids
    assert write_card(facts()) == card


def test_the_card_says_what_could_not_be_judged():
    checks = [("mean of brightness in <b>cat</b> as in the profile", "needs some 20 examples")]
    labels = LABELS | {"could_not_judge": "outliers: too few examples; labels: no model was asked"}
    card = write_card(facts(unjudged=checks, labels=labels))
    _, section = card.split("## What could not be judged\n\n")
    lines = section.split("\n## ")[0].split("\n")
    assert lines[0].endswith("as in the profile: needs some 20 examples")
    assert "<b>" not in lines[0]
    assert lines[1:3] == ["- outliers: too few examples", "- labels: no model was asked"]
    assert "Nothing: every check had enough to go by." in write_card(facts()).splitlines()


def test_the_card_says_what_was_noticed_when_the_source_was_read():
    card = write_card(facts(noticed=["k = 1 (3 rows are alone)", "<b>2</b> images lie in x"]))
    assert "- noticed when it was read:\n  - k = 1 (3 rows are alone)\n  - \\<b" in card
    assert "noticed" not in write_card(facts())


def test_the_head_is_that_of_the_hub():
    _, head, _ = write_card(facts(entry=Entry(uri="x", license="MIT", title='a "b": c'))).split(
        "---\n", 2
    )
    assert YAML(typ="safe").load(head) == {
        "pretty_name": 'a "b": c',
        "license": "mit",
        "task_categories": ["image-classification"],
        "size_categories": ["n<1K"],
    }


def test_foreign_text_is_no_markup():
    names = ("<b>cat</b>", "a|b", "[x](javascript:y)\n# z")
    entry = Entry(uri="x", license="MIT", title="# one\n# two", description="![x](y)")
    card = write_card(
        facts(entry=entry, target_index={"classes": names}, table=examples(40, names))
    )
    assert "\\<b\\>cat\\</b\\>" in card
    assert "| a\\|b | " in card
    assert "| \\[x\\](javascript:y) \\# z | " in card
    assert "# \\# one \\# two\n" in card
    assert "\\!\\[x\\](y)" in card


def test_long_lists_are_folded():
    names = tuple(f"class {number:03d}" for number in range(130))
    card = write_card(facts(target_index={"classes": names}, table=examples(260, names)))
    assert "| class 099 | " in card
    assert "| class 100 | " not in card
    assert "| 30 more classes | " in card
    assert "| **all** | 132 | 64 | 64 | 260 |" in card.splitlines()


def test_nothing_left_out():
    ingest = dict.fromkeys(INGEST, 0)
    card = write_card(facts(removed=removed(), ingest=ingest))
    assert "## What was left out\n\nNothing.\n" in card
    assert "Metadata removed from the images: none was there." in card


def table_of_left_out(*rows: tuple[str, str | None]) -> list[str]:
    card = write_card(facts(removed=removed(*rows), ingest=dict.fromkeys(INGEST, 0)))
    section = card.split("## What was left out\n\n")[1].split("\n\n##")[0]
    return section.splitlines()[2:]


def test_reasons_come_in_their_order_and_of_each_the_most_frequent_first():
    assert table_of_left_out(*reversed(REMOVED)) == [
        "| cannot be used: blank | 2 |",
        "| cannot be used: unlabelled | 1 |",
        "| duplicate of another example | 2 |",
        "| repeats an example of another split | 1 |",
        "| outlier | 1 |",
    ]
    assert list(REASONS) == list(ALL_REASONS)


def test_of_many_ways_to_be_unusable_the_rest_is_summed():
    rows = [("unusable", f"way {number:02d}") for number in range(13)]
    found = table_of_left_out(*rows, *rows[:10])
    assert found[0] == "| cannot be used: way 00 | 2 |"
    assert found[9:] == [
        "| cannot be used: way 09 | 2 |",
        "| cannot be used: 3 further reasons | 3 |",
    ]


def test_foreign_text_of_a_reason_is_no_markup():
    assert table_of_left_out(("unusable", "<b>|{}")) == [
        "| cannot be used: \\<b\\>\\|\\{\\} | 1 |",
    ]
