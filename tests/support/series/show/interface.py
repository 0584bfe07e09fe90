from html import escape
from pathlib import Path

import matplotlib.pyplot as plt

from pipeline.modalities.protocols.show import Words
from pipeline.modalities.series.encode.interface import encode
from pipeline.reporting.figures import save

CONTENT, SHOWN = ("series",), ("series",)
NOUN, NOUNS, HUB_MODALITY = "series", "series", "time-series"
WORDS = {
    "length": Words("length", "How many numbers there are."),
    "mean": Words("mean", "Mean of the numbers.", ("low", "high")),
}
TAILS = {"mean": ("low", "high")}
FIELDS = {"series": ("sc:Text", "A JSON list of numbers."), "sha256": ("sc:Text", "Its digest.")}
FIELDS |= {name: ("sc:Float", words.meaning) for name, words in WORDS.items()}
UNUSUAL, LOOK_ALIKE = "Its mean is unlike all others.", None
STYLE = Path(__file__).with_name("series.css")


def html(content, about):
    return f"<p>{escape(content['series'] or 'unusable')}</p>"


def pair_html(content, about, twin_content, twin_about):
    return html(content, about) + html(twin_content, twin_about)


def size(about):
    return ""


def media(content):
    return None


def grid(inputs, preparation, captions, path, *, columns, title, blank=()):
    figure, axis = plt.subplots()
    axis.plot(inputs["x"].T)
    axis.set_title(title)
    save(figure, path)


def grid_of_contents(contents, content_index, captions, path, *, columns, title):
    texts = [text for text in contents["series"] if text]
    inputs = encode({"series": texts}, content_index)
    grid(inputs, content_index, captions, path, columns=columns, title=title)


def sheet(rows, content_index, path, *, title):
    texts = [text for some in rows.values() for text in some["series"]]
    grid_of_contents({"series": texts}, content_index, [], path, columns=1, title=title)


def describe_input(preparation):
    return f"series of {preparation['length']} numbers"


def privacy(removed):
    return ["Nothing in them tells of people."]
