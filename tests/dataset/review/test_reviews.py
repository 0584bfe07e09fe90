"""People's decisions are read as they stand, and what cannot be one is named."""

from pathlib import Path

import pytest

from pipeline.dataset.review.decisions import Decision, LabelChoices, read_decisions
from pipeline.runtime.errors import ReviewError

CHOICES = LabelChoices(("cat", "dog", "bird").__contains__, "a pet", "the pets are cats")
HEADER = "id,given,decision,reviewer,note\n"


@pytest.fixture
def reviews(here: Path) -> Path:
    folder = here / "data" / "reviews"
    folder.mkdir(parents=True)
    return folder / "pets.csv"


def refusal() -> str:
    with pytest.raises(ReviewError) as caught:
        read_decisions("pets", CHOICES)
    return str(caught.value)


def test_no_file_no_decisions(here):
    assert read_decisions("pets", CHOICES) == {}


def test_decisions_are_read_and_of_several_the_last_counts(reviews):
    reviews.write_text(
        HEADER
        + "a,cat,dog,Ada,\n"
        + 'b,dog,keep,Ada,"blurred, but a dog\nfor sure"\n'
        + "c,bird,drop,Bo,a plane\n"
        + "a,cat,keep,Bo,no: a cat\n"
    )
    assert read_decisions("pets", CHOICES) == {
        "a": Decision("a", "cat", "keep", "Bo", "no: a cat"),
        "b": Decision("b", "dog", "keep", "Ada", "blurred, but a dog\nfor sure"),
        "c": Decision("c", "bird", "drop", "Bo", "a plane"),
    }


@pytest.mark.parametrize(
    ("first_line", "found"),
    [("id,decision\n", "id,decision"), ("", ""), ("a,cat,dog,Ada,\n", "a,cat,dog,Ada,")],
)
def test_other_columns_are_refused(reviews, first_line, found):
    reviews.write_text(first_line)
    assert refusal() == (
        "ERROR data/reviews/pets.csv must have the columns id,given,decision,reviewer,note, "
        f"found {found} | fix: mend its first line"
    )


@pytest.mark.parametrize("line", ["a,cat,dog", "a,cat,dog,Ada,note,more"])
def test_a_line_with_more_or_fewer_values_is_named(reviews, line):
    reviews.write_text(f"{HEADER}b,dog,keep,Ada,\n{line}\n")
    assert refusal() == (
        "ERROR data/reviews/pets.csv, line 3 has not five values | fix: mend the line"
    )


@pytest.mark.parametrize("decision", ["fish", "", "Keep"])
def test_an_unknown_decision_is_named(reviews, decision):
    reviews.write_text(f"{HEADER}a,cat,{decision},Ada,\n")
    assert refusal() == (
        "ERROR data/reviews/pets.csv, line 2: decision must be keep, drop or a pet, "
        f"found {decision!r} | fix: the pets are cats"
    )


def test_a_file_in_another_encoding_is_refused(reviews):
    reviews.write_bytes(HEADER.encode() + "a,cat,dog,Jörg,\n".encode("latin-1"))
    assert refusal().startswith("ERROR data/reviews/pets.csv")


def test_a_file_as_spreadsheets_save_it_is_read(reviews):
    reviews.write_bytes(
        b"\xef\xbb\xbf" + (HEADER + "a,cat,dog,Ada,\n").replace("\n", "\r\n").encode()
    )
    assert read_decisions("pets", CHOICES) == {"a": Decision("a", "cat", "dog", "Ada")}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('a,cat,dog,Ada,"half a note', "unexpected end of data"),
        ('a,cat,dog,"Ada" Lovelace,', "',' expected after '\"'"),
    ],
)
def test_a_quote_that_would_hide_lines_is_named(reviews, line, reason):
    reviews.write_text(f"{HEADER}b,dog,keep,Ada,\n{line}\nc,cat,drop,Bo,\n")
    assert refusal() == (
        f"ERROR data/reviews/pets.csv, line 3: {reason} | fix: mend the quotes of the line"
    )


def test_blank_lines_are_nothing(reviews):
    reviews.write_text(f"{HEADER}\na,cat,dog,Ada,\n\n")
    assert read_decisions("pets", CHOICES) == {"a": Decision("a", "cat", "dog", "Ada")}
