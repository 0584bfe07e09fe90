"""A name is found however it is escaped, and others are not taken for it."""

import csv
import html
import io
import json
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from pipeline.commands.forget.contents.mentions import is_name_of, names_one
from pipeline.commands.forget.contents.spellings import plain_form
from pipeline.reporting.markdown import code, plain, quoted
from pipeline.runtime.errors import one_line

NAMES = [
    "ada/003.jpg",
    "ada/sécrète.jpg",
    'ada/sec"ret.jpg',
    "ada/o'hara & co.jpg",
    "ada/<b>100%_[x].jpg",
    "ada/back\\new.jpg",
    "ada/\x1b]0;pwned\x07 id.jpg",
    "ada/\u202egpj.jpg",
    "照片/二〇二四.jpg",
    "ada/😀 smile.jpg",
    "=cmd|' /C calc'!A0.jpg",
]


def in_csv(name: str) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(["train", name, 1])
    return text.getvalue()


def as_git(name: str) -> str:
    """As `git status` has it without -z."""
    return "".join(chr(b) if 32 < b < 127 else f"\\{b:03o}" for b in name.encode())


SPELLINGS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "CSV": in_csv,
    "JSON": lambda name: json.dumps({"id": name}),
    "JSON in UTF-8": lambda name: json.dumps([name], ensure_ascii=False),
    "JSON in JSON": lambda name: json.dumps({"spec": json.dumps([name])}),
    "HTML": lambda name: f"<td>{html.escape(name)}</td>",
    "HTML by numbers": lambda name: "".join(f"&#x{ord(c):x};" for c in name),
    "JSON in HTML": lambda name: f"<script>x = {json.dumps([name])}</script>",
    "JSON in an attribute": lambda name: f'<i data-x="{html.escape(json.dumps([name]))}">',
    "URL": lambda name: f"http://x/?id={quote(name, safe='')}&n=1",
    "path of a URL": quote,
    "form": lambda name: f"id={quote_plus(name)}&n=1",
    "URL in small letters": lambda name: quote(name, safe="").lower(),
    "repr": repr,
    "repr of bytes": lambda name: repr(name.encode()),
    "a terminal": one_line,
    "Markdown": lambda name: f"| {plain(name)} |",
    "code in Markdown": code,
    "YAML": quoted,
    "NFD": lambda name: unicodedata.normalize("NFD", name),
    "NFD in JSON": lambda name: json.dumps(unicodedata.normalize("NFD", name)),
    "git": as_git,
    "removed controls": lambda name: "".join(c for c in name if c.isprintable()),
}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_seen_in_text(spelling, name):
    written = SPELLINGS[spelling](name)
    if spelling == "URL in small letters":
        name, written = name.lower(), written.lower()
    content = f"before {written} after\n".encode()
    assert names_one(content, {"bob/other.jpg", name})
    assert not names_one(content, {"bob/other.jpg", f"{name}.png", "da/003.jpg", "ada/00.jpg"})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_encoding_is_read(encoding):
    content = "id;label\nada/sécrète.jpg;cat\n".encode(encoding)
    assert names_one(content, {"ada/sécrète.jpg"})
    assert not names_one(content, {"ada/secrete.jpg"})


def test_names_within_other_bytes():
    content = bytes(range(256)) * 4 + json.dumps("ada/sécrète.jpg").encode() + bytes(100)
    assert names_one(content, {"ada/sécrète.jpg"})
    assert names_one(bytes(9) + "ada/sécrète.jpg".encode() + bytes(9), {"ada/sécrète.jpg"})
    assert not names_one(content, {"ada/secrets.jpg"})


def test_escapes_that_mean_nothing_stay_as_they_are():
    for text in ("100%", "%zz", "&nothing;", "\\", "\\u12", "\\U99999999", "%", "\ud800"):
        assert plain_form(plain_form(text)) == plain_form(text)


def test_escapes_without_end_do_end():
    text = "ada/003.jpg"
    for _ in range(40):
        text = quote(text, safe="")
    assert plain_form(text)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("downloads/ab/files/ada/sécrète.jpg", True),
        (unicodedata.normalize("NFD", "/x/ada/sécrète.jpg"), True),
        ("ada/sécrète.jpg", True),
        ("granada/sécrète.jpg", False),
        ("ada/sécrète.jpg.json", False),
    ],
)
def test_files_called_after_an_example(path, named):
    assert is_name_of(path, {"ada/sécrète.jpg"}) == named
