"""The text of an entry is YAML for people: what they wrote stays, what changed is replaced."""

from types import SimpleNamespace

from pipeline.commands.add.entry_text import accept_text, yaml_lines
from pipeline.ingest.survey import Survey
from tests.support.entries import KIND, LABELS


def test_values_are_quoted_where_yaml_needs_it_and_long_lists_are_broken():
    assert yaml_lines("uri", "a: b") == ["uri: 'a: b'"]
    assert yaml_lines("title", "pets") == ["title: pets"]
    assert yaml_lines("classes", ["true", "cat"]) == ["classes: ['true', cat]"]
    lines = yaml_lines("classes", [f"class_{number}" for number in range(30)])
    assert len(lines) > 1


def test_accepting_data_changes_headline_classes_and_fingerprint_alone():
    survey = Survey(KIND)
    survey.examples, survey.fingerprint = 3, 255
    survey.content.sizes[12, 10] = 3
    survey.content.channels.add(1)
    text = b"""\
# 2 examples, all 12 x 10 pixels
uri: "pets"  # from the attic
classes: [cat, dog]
# their digest
fingerprint: ab
"""
    source = SimpleNamespace(splits=set(), entry_lines=[], options={})
    assert (
        accept_text(text, LABELS, ["bird"], source, survey)
        == f"""\
# 3 examples, all 12 x 10 pixels, 1 channel
uri: "pets"  # from the attic
classes: [cat, dog, bird]
# their digest
fingerprint: {"ff":0>64}
"""
    )
    headline = accept_text(b"# mine\nfingerprint: ab\n", LABELS, [], source, survey)
    headline = headline.splitlines()[0]
    assert headline == "# mine"
