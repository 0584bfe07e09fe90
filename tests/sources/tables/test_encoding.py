"""Encodings are found from all of a file, and said; what cannot be told is refused."""

import gzip

import pytest

from pipeline.sources.tables import encoding
from pipeline.sources.tables.encoding import mojibake
from tests.support.delimited import content, json_of, refusal, text_of

TEXTS = [
    "le café était fermé",
    "reçu 12 € de moins",
    "“pas d’accord” dit-il",
    "Größe in Straßen",
    "señor, mañana – ¿no?",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("block_bytes", [100, 8 << 20])
def test_lines_of_two_encodings(text, block_bytes, monkeypatch):
    monkeypatch.setattr(encoding, "BLOCK_BYTES", block_bytes)
    rows = [f"q{n};{text}".encode("cp1252" if 60 <= n < 72 else "utf-8") for n in range(90)]
    table = text_of(b"id;text\n" + b"\n".join(rows) + b"\n")
    assert set(content(table)["text"]) == {text}
    assert (
        "12 lines are not UTF-8 and were read as Windows-1252, from line 62 on; all others are"
        in table.notes
    )
    line = b'{"a": "%s"}\n'
    table = json_of(line % text.encode() + line % text.encode("cp1252"))
    assert content(table) == {"a": [text, text]}
    assert table.notes == [
        "1 lines are not UTF-8 and were read as Windows-1252, from line 2 on; all others are"
    ]


@pytest.mark.parametrize(
    "name", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_the_whole_file_in_another_encoding(name):
    text = "a,b\ncafé,2\n"
    bom = {"utf-16-le": "", "utf-16-be": ""}.get(name, "")
    table = text_of((bom + text).encode(name))
    assert content(table) == {"a": ["café"], "b": ["2"]}
    assert bool(table.notes) == (name != "utf-8-sig")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("кот сидит на окне", "cp1251"),
        ("кот сидит на окне", "koi8-r"),
        ("кот сидит на окне", "iso8859-5"),
        ("γάτα στο παράθυρο", "cp1253"),
        ("猫が窓にいます", "shift_jis"),
        ("猫が窓にいます", "euc_jp"),
        ("猫坐在窗户上", "gb18030"),
        ("고양이가 창문에 있다", "euc_kr"),
        ("kot siedzi w oknie źle ćma", "cp852"),
        ("Größe für Straße", "cp437"),
        ("Größe für Straße", "mac_roman"),
        ("חתול בחלון", "cp1255"),
        ("zażółć gęślą jaźń było miło", "cp1250"),
    ],
)
def test_what_is_no_western_text_is_asked_for(text, name):
    data = f"a,b\nx,1\n{text},2\n".encode(name)
    message = refusal(text_of(data))
    assert "cannot be read: line 3 is no UTF-8, nor does it look like Western European" in message
    assert "| fix: add `dialect: {encoding: …}` to the catalog entry" in message
    assert content(text_of(data, encoding=name))["a"] == ["x", text]


def test_an_encoding_that_is_said_is_no_guess():
    assert "there is no encoding latin-99 |" in refusal(text_of("a\n1\n", encoding="latin-99"))
    assert "there is no encoding rot13 |" in refusal(text_of("a\n1\n", encoding="rot13"))
    assert "is not in the encoding ascii" in refusal(text_of("a\né\n", encoding="ascii"))
    data = "a\né\n".encode("cp1252")
    assert "line 2 is no UTF-8 |" in refusal(text_of(data, encoding="utf-8"))


def test_mojibake_is_told_from_words_that_look_like_it():
    for text in ("cafÃ©", "GrÃ¶ÃŸe", "â€œpas dâ€™accordâ€\x9d", "Ð¼Ð¸Ñ€"):
        assert mojibake(text)
    for text in ("café", "IRMÃ CHEGA AMANHÃ", "plain", "猫", "Ã"):
        assert not mojibake(text)


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_whose_first_letters_are_not_ascii(name):
    text = text_of(("都市,値\n" + "東京,1\n" * 20).encode(name))
    assert content(text) == {"都市": ["東京"] * 20, "値": ["1"] * 20}
    assert text.encoding.name == name


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(b"a,b\n1,2\n"), "compressed by gzip, expected text | fix: unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(90), "a workbook of an old Excel"),
    ],
)
def test_what_is_often_taken_for_text_is_named(data, said):
    assert said in refusal(text_of(data))
