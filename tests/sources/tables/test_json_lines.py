"""JSON Lines: values exactly as written, whatever pyarrow would make of them."""

import pytest

from pipeline.sources.tables import json_lines, limits
from tests.support.delimited import content, json_of, refusal


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ('{"a": "x", "b": 1}\n{"a": "y", "b": 2}\n', {"a": ["x", "y"], "b": ["1", "2"]}),
        ('{"a": 1}\n\n{"b": "x"}\n', {"a": ["1", None], "b": [None, "x"]}),
        ('\ufeff{"a": ""}\r\n{"a": null}\r\n', {"a": [None, None]}),
        (
            '{"a": 9007199254740993}\n{"a": 123456789012345678901234567890}\n',
            {"a": ["9007199254740993", "123456789012345678901234567890"]},
        ),
        ('{"a": 1.10}\n{"a": 1e5}\n', {"a": ["1.10", "1e5"]}),
        ('{"a": 7}\n{"a": "007"}\n{"a": true}\n', {"a": ["7", "007", "true"]}),
        ('{"a": "2024-01-02"}\n{"a": "NA"}\n', {"a": ["2024-01-02", "NA"]}),
        ('{"a": "2024-01-02T00:00:00"}\n', {"a": ["2024-01-02T00:00:00"]}),
        ('{"a": "\\u00e9\\ud83d\\ude00 \\"x\\""}\n', {"a": ['é😀 "x"']}),
        ('{"a": NaN}\n{"a": "NaN"}\n{"a": -Infinity}\n', {"a": [None, "NaN", "-Infinity"]}),
        ("", {}),
        ("\n\n", {}),
    ],
)
@pytest.mark.parametrize("block_bytes", [5, 8 << 20])
def test_values_are_as_they_are_written(data, found, block_bytes, monkeypatch):
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", max(block_bytes, 200))
    assert content(json_of(data)) == found


def test_a_key_that_comes_late_is_a_column():
    rows = [f'{{"a": {n}}}' for n in range(500)] + ['{"a": 500, "b": "x"}', '{"b": 1.0}']
    found = content(json_of("\n".join(rows)))
    assert found["a"] == [*map(str, range(501)), None]
    assert found["b"] == [None] * 500 + ["x", "1.0"]


def deep(depth: int) -> str:
    return '{"a": "x", "b": ' + "[" * depth + "]" * depth + "}\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{"a": 1}\n[1]\n', "line 2 is a list, expected an object |"),
        ('{"a": 1}\n{"a": \n', "line 2 is no JSON: "),
        ('{"a": 1}\n{"a": 1, "a": 2}\n', "line 2 has a key twice |"),
        ('{"a": 1}\n{"a": "\\ud800"}\n', "line 2 has half a character |"),
        ('{"a": 1}\n{"a": [1]}\n', "has a list in column a, expected a text or a number a row |"),
        ('{"a": {"b": 1}}\n', "in column a, expected a text or a number a row |"),
        ('{"a": "x"}\n' + deep(64), "line 2 is nested more than 64 deep |"),
        (deep(100_000), "line 1 is nested more than 64 deep |"),
        ('{"a": "' + "x" * limits.MAX_ROW_BYTES + '"}', "line 1 has more than 8388608 bytes |"),
        ("".join(f'{{"k{n}": 1}}\n' for n in range(limits.MAX_COLUMNS + 1)), "line 10001 is one"),
    ],
)
def test_what_is_refused(data, said):
    assert said in refusal(json_of(data))


def test_brackets_in_a_text_are_no_depth():
    text = "[" * 1000 + '\\"' + "{" * 1000
    assert content(json_of(f'{{"a": "{text}"}}\n'))["a"] == [text.replace("\\", "")]
    assert json_of(deep(60)).names == ["a", "b"]


def test_rows_have_their_line():
    table = json_of('{"a": 1}\n\n\n{"a": 2}\n')
    assert [table.line_of(row) for row in (0, 1)] == [1, 4]
