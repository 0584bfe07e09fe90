"""What tells a label is found where it does, and not where labels share it."""

from pipeline.modalities.text.checks.telling import what_tells


def told(of_one: str, of_other: str, names: tuple[str, str] = ("gardens", "screens")):
    texts = [f"{text}\nnumber {n}" for n in range(25) for text in (of_one, of_other)]
    return what_tells([*texts, None], [*names * 25, None])


def test_the_name_of_a_label_counts_with_its_numbers():
    found = told("about gardens and soil", "about screens and light")
    assert found.names["named"].tolist() == [1, 1]
    assert found.names["id"].tolist() == ["gardens in 25 of 25", "screens in 25 of 25"]
    assert (found.num_named, found.num) == (50, 50)


def test_a_name_that_texts_of_both_have_tells_nothing():
    found = told("gardens beside screens", "screens before gardens")
    assert found.names["named"].tolist() == [0, 0]
    assert found.num == 0


def test_a_line_of_one_label_is_shown_as_it_is_written():
    found = told("Greenhouse Club, open on Sundays", "each has lines of its own here")
    assert found.lines["line"].tolist() == [1, 1]
    assert found.lines["id"][0] == "gardens: Greenhouse Club, open on Sundays (in 25 of 25)"


def test_a_line_that_both_have_is_none():
    found = told("The same signature below", "The same signature below")
    assert found.lines["line"].tolist() == [0, 0]


def test_a_line_with_the_name_is_told_once():
    found = told("Newsgroups: forum.gardens", "Newsgroups: forum.screens")
    assert found.names["named"].tolist() == [1, 1]
    assert found.lines["line"].tolist() == [0, 0]
