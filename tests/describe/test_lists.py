"""The tables of data/findings as CSV, to the letter."""

import csv
import math
from pathlib import Path

import pyarrow as pa

from pipeline.dataset.findings import SCHEMAS
from pipeline.describe.lists import LISTS, write_csv, write_lists
from pipeline.targets.classes.noise.schemas import SCHEMAS as OF_CLASSES
from pipeline.targets.opening import open_describe
from tests.support.findings import write_found

FOLDER = Path("lists")
INDEX = {"classes": ["cat", "dog", "bird"]}
CLASSES = open_describe("classes")
FOUND = {
    "suspected": [
        ("a", "train", "dog", "cat", 0.0625),
        ("b", "val", "cat", "bird", 0.1234567),
        ("c", "test", "dog", "cat", 0.5),
    ],
    "noise": [("cat", "cat", 0.75), ("cat", "dog", 0.25)],
    "duplicates": [
        ("c", "val", "near", "d", "test", 0.98765, True),
        ("b", "train", "exact", "a, b", "train", 1.0, False),
    ],
    "outliers": [
        ("e", "train", None, True, 12.5, None),
        ("b", "train", "dog", False, 0.25, 0.00001),
    ],
    "annotators": [
        ("ada", 3, None, 1.0, None, "cat", None),
        ('"bo"', 1000, 0.5, 0.25, -0.5, "dog", 0.125),
    ],
    "agreement": [("cat", -0.5), ("dog", None)],
    "relabel_queue": [("a", "train", "dog", "cat", 0.5, 2, 0.35)],
}
TEXTS = {
    "label_issues": """\
id,split,given,proposed,label_quality
a,train,dog,cat,0.062500
b,val,cat,bird,0.123457
c,test,dog,cat,0.500000
""",
    "label_confusion": """\
given,proposed,count
cat,bird,1
dog,cat,2
""",
    "label_noise": """\
true,given,share
cat,cat,0.750000
cat,dog,0.250000
""",
    "duplicates": """\
id,split,kind,of,of_split,similarity,removed
c,val,near,d,test,0.9877,yes
b,train,exact,"a, b",train,1.0000,no
""",
    "outliers": """\
id,split,label,outlier,unusual,distance
e,train,,yes,12.5000,
b,train,dog,no,0.2500,0.0000
""",
    "annotators": '''\
annotator,labels,agreement,accuracy,kappa,worst_class,worst_class_recall
ada,3,,1.000000,,cat,
"""bo""",1000,0.500000,0.250000,-0.500000,dog,0.125000
''',
    "agreement": """\
class,alpha
cat,-0.500000
dog,
""",
    "relabel_queue": """\
id,split,given,consensus,confidence,num_labels,gain
a,train,dog,cat,0.500000,2,0.350000
""",
}


def write(found: dict) -> dict[str, str]:
    write_found(Path("findings"), found, dataset="pets", target=INDEX)
    FOLDER.mkdir()
    write_lists(FOLDER, Path("findings"), CLASSES, INDEX)
    return {path.stem: path.read_bytes().decode() for path in FOLDER.iterdir()}


def test_every_list_to_the_letter(here):
    assert write(FOUND) == TEXTS


def test_where_nothing_was_found_lists_have_their_header_alone(here):
    heads = {name: text.partition("\n")[0] + "\n" for name, text in TEXTS.items()}
    assert write({}) == heads


def test_every_table_is_a_list_but_what_has_a_page_of_its_own():
    lists = {**LISTS, **CLASSES.LISTS}
    assert {table for table, _ in lists.values()} == {*SCHEMAS, *OF_CLASSES} - {
        "pool",
        "review_queue",
    }


def test_cells(here):
    table = pa.table(
        {
            "id": ["ä\n,", "", None],
            "yes": [True, False, None],
            "number": [0.5, -2 / 3, math.inf],
            "count": pa.array([1, None, 10**12], pa.int64()),
        }
    )
    write_csv(Path("x.csv"), table, digits=2)
    with Path("x.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["id", "yes", "number", "count"],
            ["ä\n,", "yes", "0.50", "1"],
            ["", "no", "-0.67", ""],
            ["", "", "inf", "1000000000000"],
        ]
    assert b"\r" not in Path("x.csv").read_bytes()
