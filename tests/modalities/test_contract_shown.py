"""What holds for every modality: people see examples, and nothing in these does any harm."""

from html.parser import HTMLParser

import pytest

from pipeline.modalities.opening import open_encode, open_prepare, open_show
from tests.modalities.conftest import Known, contents_of, table_of
from tests.support.contract import assert_one_line, assert_png, rows_of
from tests.support.samples import ANYTHING, SCRIPT

HOSTILE = f"\"'><img src=x onerror=alert(1)>{SCRIPT}"
CAPTION = f"$\\frac{{ {SCRIPT}\n$second$ _line_ % # & ~ ^ \\"


class Tags(HTMLParser):
    """Which elements and attributes a piece of HTML has, and whether all are closed."""

    VOID = frozenset({"img", "br", "hr", "source", "circle", "path", "line", "polyline", "rect"})

    def __init__(self, html: str):
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def assert_harmless(html: str) -> None:
    """Whole HTML without script or style, and with no address but that of the example."""
    assert "<script" not in html.lower()
    tags = Tags(html)
    assert tags.open == []
    assert not {"script", "style", "iframe", "object", "embed", "link", "form", "base", "meta"} & (
        tags.names
    )
    for name, value in tags.attributes:
        assert not name.startswith("on"), name
        assert name != "style"
        if name in ("src", "href", "xlink:href"):
            assert value == ADDRESS


ADDRESS = '/media/"><script>alert(2)</script>'


def about_rows(known: Known, prepared) -> list[dict]:
    """The other columns of SHOWN, and hostile names."""
    show = open_show(known.name)
    table = table_of(known.name, prepared)
    names = [name for name in show.SHOWN if name not in show.CONTENT]
    more = {"id": HOSTILE, "address": ADDRESS, "caption": HOSTILE}
    return [row | more for row in table.select(names).to_pylist() or []] or [
        more for _ in range(table.num_rows)
    ]


@pytest.fixture(scope="module")
def odd(known: Known):
    """Good contents, and such as nobody expects, of which a modality may use some."""
    contents = [*known.contents, *ANYTHING, *known.samples.bad()]
    return open_prepare(known.name).prepare(contents, known.settings["ingest"])


def test_html_is_whole_and_foreign_text_in_it_is_no_markup(known, odd):
    show = open_show(known.name)
    shown = [name for name in show.CONTENT if name in show.SHOWN]
    about = about_rows(known, odd)
    assert len(about) == len(odd.problems)
    for row, of_row in enumerate(about):
        content = {name: odd.content[name][row] for name in shown}
        html = show.html(content, of_row)
        assert html.strip()
        assert_harmless(html)
        assert "onerror=alert(1)>" not in html
        first = {name: odd.content[name][0] for name in shown}
        assert_harmless(show.pair_html(content, of_row, first, about[0]))
        size = show.size(of_row)
        assert not size or size.isprintable()


def test_media_have_a_type_and_bytes(known, odd):
    show = open_show(known.name)
    for row, problem in enumerate(odd.problems):
        media = show.media({name: odd.content[name][row] for name in show.CONTENT})
        if media is None:
            continue
        assert problem is None
        kind, content = media
        assert kind.split("/")[0] in ("image", "audio", "video", "text", "application")
        assert not kind.startswith(("text/html", "image/svg"))  # which may have a script
        assert isinstance(content, bytes)
        assert content


def test_columns_have_words(known):
    show, prepare = open_show(known.name), open_prepare(known.name)
    assert show.CONTENT
    assert tuple(show.CONTENT) == tuple(open_encode(known.name).CONTENT)
    assert {m.name for m in prepare.MEASUREMENTS} <= set(show.WORDS)
    assert {*show.CONTENT, *show.WORDS, "sha256"} <= set(show.FIELDS)
    assert {*show.SHOWN} <= {*known.table.column_names}
    assert show.STYLE.is_file()
    assert show.NOUN == prepare.NOUN
    assert all(low and high for low, high in show.TAILS.values())
    texts = [show.NOUN, show.NOUNS, show.HUB_MODALITY, show.UNUSUAL]
    texts += [w.title for w in show.WORDS.values()] + [w.meaning for w in show.WORDS.values()]
    texts += [meaning for _, meaning in show.FIELDS.values()]
    for text in texts:
        assert_one_line(text)
    assert all(kind.startswith("sc:") for kind, _ in show.FIELDS.values())
    if show.LOOK_ALIKE is not None:
        column, phrase = show.LOOK_ALIKE
        assert column in known.table.column_names
        assert_one_line(phrase)
    style = show.STYLE.read_text()
    assert "@import" not in style
    assert "url(" not in style


def test_sentences(known):
    show, prepare = open_show(known.name), open_prepare(known.name)
    assert_one_line(show.describe_input(known.preparation))
    for removed in ({}, dict.fromkeys(prepare.METADATA, 3)):
        for sentence in show.privacy(removed):
            assert_one_line(sentence)
            assert sentence.endswith(".")


def test_pictures_of_examples(known, tmp_path):
    show, path = open_show(known.name), tmp_path / "drawn.png"
    num = len(known.contents)
    captions = [CAPTION] * num
    show.grid(known.inputs, known.preparation, captions, path, columns=3, title="examples")
    assert_png(path)
    some = rows_of(known.inputs, slice(2))
    show.grid(
        some, known.preparation, captions[:4], path, columns=2, title="examples", blank={1, 2}
    )
    assert_png(path)
    nothing = rows_of(known.inputs, slice(0))
    show.grid(nothing, known.preparation, [], path, columns=3, title="no examples")
    assert_png(path)


def test_pictures_of_contents(known, tmp_path):
    show, index = open_show(known.name), known.index["content"]
    contents = contents_of(known.prepared, show.CONTENT)
    with_gap = {name: [*values[:3], None] for name, values in contents.items()}
    empty = {name: [] for name in contents}
    for number, some in enumerate((with_gap, empty)):
        path = tmp_path / f"grid{number}.png"
        captions = [CAPTION] * len(next(iter(some.values())))
        show.grid_of_contents(some, index, captions, path, columns=3, title="examples")
        assert_png(path)
    path = tmp_path / "sheet.png"
    rows = {CAPTION.splitlines()[0]: contents, "b": {n: v[:1] for n, v in contents.items()}}
    show.sheet(rows, index, path, title="some examples")
    assert_png(path)


def test_pictures_are_the_same_each_time(known, tmp_path):
    show = open_show(known.name)
    drawn = []
    for name in ("one.png", "other.png"):
        args = (known.inputs, known.preparation, ["a"] * len(known.contents), tmp_path / name)
        show.grid(*args, columns=3, title="examples")
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]
