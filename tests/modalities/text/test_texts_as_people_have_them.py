"""What is right of texts as people have them: encodings, quotes, gaps, spellings, splits, votes."""

from collections import Counter

import pytest

from pipeline.entry import entry_type
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.errors import SourceError
from pipeline.targets.opening import open_labels
from tests.support import text_cases
from tests.support.text_sources import read_texts

TEXT_AND_LABEL = {"text": "text", "label": "label"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def test_two_encodings_in_one_file_are_said_and_read_right(folder):
    text_cases.make_two_encodings(folder)
    found = read_texts(folder / "tickets.csv", columns=TEXT_AND_LABEL)
    assert found.labels == {"complaint": 45, "praise": 45}
    assert "12 lines are not UTF-8 and were read as Windows-1252, from line 62 on" in found.said
    for id, end in (
        ("q00", ". le café était fermé"),
        ("q60", ". le café était fermé"),
        ("q61", ". reçu 12 € de moins"),
        ("q62", ". “pas d’accord” dit-il"),
        ("q81", "IRMÃ CHEGA AMANHÃ"),
    ):
        assert found.text(id).endswith(end)
    damaged = found.rows["id"][found.rows["damaged"] > 0].tolist()
    assert sorted(damaged) == [f"q{number}" for number in range(72, 81)]
    assert "9 texts have UTF-8 that was once read as Windows-1252" in found.said
    assert "q72" in found.said
    assert "cafÃ" not in found.said


def test_a_quote_that_does_not_close_is_a_character(folder):
    text_cases.make_open_quotes(folder)
    found = read_texts(folder / "messages.tsv", columns=TEXT_AND_LABEL)
    assert found.labels == {"ham": 80, "spam": 40}
    texts = found.rows["text"]
    assert texts.str.startswith('"').sum() == 6
    assert texts.str.contains('a 5" ', regex=False).sum() == 3
    assert not texts.str.contains("[\t\n]").any()
    assert "quotes are characters like others: some do not close" in found.said


def test_null_is_an_answer_and_what_nobody_can_see_is_none(folder):
    text_cases.make_null_is_an_answer(folder)
    columns = {"text": "reply", "label": "country"}
    found = read_texts(folder / "answers.csv", columns=columns)
    assert found.labels == {"KE": 30, "NA": 30, "TZ": 30}
    assert {*text_cases.ODD_WORDS} <= {*found.rows["text"]}
    assert len(found.pool) == 3
    counts = {name: n for name, n in found.source.beside.items() if name.startswith("no text")}
    assert counts == {
        "no text: empty": 4,
        "no text: blanks alone": 3,
        "no text: nothing that can be seen": 2,
    }
    assert "9 of 102 rows have no text and are left out: 3 blanks alone, 4 empty" in found.said


def test_what_the_entry_calls_missing_is_a_gap_in_both_columns(folder):
    text_cases.make_null_is_an_answer(folder)
    columns = {"text": "reply", "label": "country"}
    found = read_texts(folder / "answers.csv", columns=columns, missing=["NA"])
    assert sum(found.labels.values()) == 59
    assert {*found.labels} == {"KE", "TZ"}
    assert "1 texts of column reply are what the entry calls missing" in found.said
    assert "30 labels of column country are what the entry calls missing" in found.said


def test_what_nobody_can_see_makes_no_other_class(folder):
    text_cases.make_five_spellings(folder)
    found = read_texts(folder / "avis.csv", columns=TEXT_AND_LABEL)
    assert found.labels == {"positif": 40, "négatif": 40, "neutre": 40}
    assert sorted(found.source.labels) == ["neutre", "négatif", "positif"]
    assert "6 with accents written in another way (NFD)" in found.said
    assert "6 with blanks around it" in found.said
    assert "1 with characters that nobody sees" in found.said
    assert "Positif (5) is positif (35)" in found.said
    assert "NÉGATIF (3) is négatif (37)" in found.said


def test_files_called_dev_and_eval_are_splits(folder):
    text_cases.make_dev_and_eval(folder)
    found = read_texts(folder, columns=TEXT_AND_LABEL)
    assert Counter(found.rows["split"]) == {"train": 120, "val": 30, "test": 30}
    assert "dev.csv is val, eval.csv is test, train.csv is train" in found.said
    assert found.source.beside["not texts: .md"] == 1


def test_a_text_of_a_class_folder_is_the_whole_file(folder):
    text_cases.make_header_names_the_class(folder)
    found = read_texts(folder)
    assert found.labels == {"gardens": 45, "screens": 45}
    path = folder / "gardens/0003.txt"
    assert found.text("gardens/0003.txt") == path.read_text()
    assert found.source.kind == "folders"


def test_personal_values_are_counted_and_their_doubles_are_not(folder):
    text_cases.make_personal(folder)
    found = read_texts(folder / "mails.csv", columns=TEXT_AND_LABEL)
    sums = found.rows[["emails", "phones", "cards", "ibans", "ips"]].sum()
    assert sums.to_dict() == {"emails": 5, "phones": 4, "cards": 3, "ibans": 2, "ips": 3}
    for part in (
        "personal data: 17 values in 16 texts",
        "e-mail 5 (in 4 texts)",
        "names of people are out of reach of patterns",
    ):
        assert part in found.said
    for value in ("example.org", "4111", "DE89", "192.0.2.17", "202"):
        assert value not in found.said


def test_personal_values_are_replaced_on_request_and_nothing_else(folder):
    text_cases.make_personal(folder)
    plain = read_texts(folder / "mails.csv", columns=TEXT_AND_LABEL)
    kinds = ("email", "phone", "card", "iban", "ip")
    found = read_texts(folder / "mails.csv", kinds, columns=TEXT_AND_LABEL)
    for id, end in (
        ("m00", ", please write to <email> today"),
        ("m24", ", charge <card> again"),
        ("m33", ", pay to <iban>"),
        ("m45", ", host <ip>:8080 is down"),
    ):
        assert found.text(id).endswith(end)
    assert (found.rows["text"] == plain.rows["text"]).sum() == 64
    assert "replaced: <card>, <email>, <iban>, <ip>, <phone>" in found.said


def test_rows_of_one_id_are_votes(folder):
    text_cases.make_votes(folder)
    columns = {"text": "text", "label": "sentiment", "annotator": "annotator"}
    found = read_texts(folder / "project-7.csv", columns=columns)
    assert found.source.num_examples == 70
    assert sum(found.labels.values()) == 58
    assert {*found.source.labels} == {"Negative", "Positive"}
    assert len(found.pool) == 12  # five skipped, four ties, three with two choices
    refused = found.pool[found.pool["problem"].notna()]
    assert sorted(refused["id"]) == ["147", "148", "149"]
    assert set(refused["problem"]) == {"several labels in one cell"}
    assert "of 20 texts with several votes 14 agree and 6 do not" in found.said
    assert "4 texts are a tie and wait without a label: 159, 160, 161, 162" in found.said
    assert "columns that are not used: annotation_id, created_at, lead_time" in found.said
    assert found.source.annotations.num_rows == 42 + 18 + 8 + 15 + 6


def test_a_table_of_numbers_and_categories_has_no_texts(folder):
    rows = [f"{50 + number},{200 - number},{'FM'[number % 2]}" for number in range(60)]
    (folder / "heart.csv").write_text("\n".join(["age,chol,sex", *rows]) + "\n")
    with pytest.raises(SourceError, match="no column that is one of texts by its name or its look"):
        read_texts(folder / "heart.csv")


def test_a_table_of_votes_may_have_no_row(folder):
    (folder / "votes.csv").write_text("id,text,label,annotator\n")
    content = {"uri": str(folder / "votes.csv"), "license": "MIT"}
    entry = entry_type("text", "classes").model_validate(content)
    source = open_source(entry, open_prepare("text"), open_labels("classes"))
    assert (source.num_examples, source.annotations.num_rows) == (0, 0)


def test_labels_1_and_1_0_are_one(tmp_path):
    rows = [f"a text of number {n},{['1.0', '2', '1', '2.0'][n % 4]}" for n in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    source = read_texts(tmp_path / "a.csv").source
    assert sorted(source.labels) == ["1", "2"]
    assert any("differ in a fraction of 0 alone are one" in note for note in source.notes)


def test_a_header_within_a_file_is_no_sign_of_a_file_without_one(tmp_path):
    rows = [f"a text of number {n},{'ab'[n % 2]}" for n in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows, "text,label", *rows]) + "\n")
    with pytest.raises(SourceError, match="line 22 has the names of the columns again"):
        read_texts(tmp_path / "a.csv")
