"""What holds for every modality: contents become examples, and these columns of shards.

Networks, and what people see, are in test_contract_networks.py and test_contract_shown.py.
"""

import contextlib
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.dataset.randomness import id_keys
from pipeline.modalities import opening
from pipeline.modalities.opening import (
    open_checks,
    open_encode,
    open_fit,
    open_prepare,
    open_requests,
    open_stress,
    package_of,
)
from pipeline.modalities.protocols.checks import Checks
from pipeline.modalities.protocols.compare import Compare
from pipeline.modalities.protocols.encode import Encode
from pipeline.modalities.protocols.fit import Fit
from pipeline.modalities.protocols.label_check import LabelCheck
from pipeline.modalities.protocols.network import Network
from pipeline.modalities.protocols.prepare import Prepare, SourceKind, Tally
from pipeline.modalities.protocols.requests import Requests
from pipeline.modalities.protocols.show import Show
from pipeline.modalities.protocols.stress import Stress
from pipeline.runtime.errors import SettingsError, SourceError
from tests.modalities.conftest import Known, contents_of, table_of
from tests.support.contract import (
    assert_has_names,
    assert_json,
    assert_one_line,
    assert_same,
    rows_of,
    unchanged,
)
from tests.support.repository import ROOT
from tests.support.samples import ANYTHING

PROTOCOLS = {
    "prepare": Prepare,
    "requests": Requests,
    "checks": Checks,
    "compare": Compare,
    "label_check": LabelCheck,
    "fit": Fit,
    "encode": Encode,
    "network": Network,
    "stress": Stress,
    "show": Show,
}


@pytest.mark.parametrize("part", PROTOCOLS)
def test_names_and_parameters_are_those_of_the_protocol(modality, part):
    assert_has_names(getattr(opening, f"open_{part}")(modality), PROTOCOLS[part])


def test_another_name_is_no_modality():
    with pytest.raises(SettingsError, match="modality must be "):
        package_of("nothing")


# requests


def test_a_request_is_prepared_as_ingest_prepares(known):
    """And measurements that are kept of it are some of all."""
    prepare, requests = open_prepare(known.name), open_requests(known.name)
    assert next(iter(prepare.CONTENT)) == requests.CONTENT
    assert set(requests.MEASURED) <= {m.name for m in prepare.MEASUREMENTS}
    limits = known.settings["ingest"]
    assert set(requests.LIMITS) <= set(type(limits).model_fields)
    for content in everything(known):
        expected = prepare.prepare([content], limits)
        assert repr(requests.prepare([content], limits)) == repr(expected)


def test_what_is_no_content_in_json_is_refused(known):
    requests = open_requests(known.name)
    for value in (None, 1, [], {"nothing": 1}, {requests.CONTENT: 7}):
        with contextlib.suppress(ValueError):
            assert isinstance(requests.from_json(value), bytes)
    assert isinstance(requests.is_dear(known.contents[0]), bool)


# prepare


def everything(known: Known) -> list[bytes | None]:
    """Good contents, bad ones, and those cut short."""
    cut = [content[: len(content) // 2] for content in known.contents]
    return [*known.contents, *ANYTHING, *known.samples.bad(), *cut]


def test_a_content_is_prepared_or_there_is_a_reason(known):
    prepare = open_prepare(known.name)
    contents = everything(known)
    prepared = prepare.prepare(contents, known.settings["ingest"])
    assert list(prepared.content) == list(prepare.CONTENT)
    assert {*prepared.measured} == {m.name for m in prepare.MEASUREMENTS}
    assert list(prepared.words) == list(prepare.WORDS)
    columns = [*prepared.content.values(), *prepared.measured.values(), *prepared.words.values()]
    lists = [prepared.digests, prepared.removed, prepared.problems, prepared.transient]
    assert {len(values) for values in (*columns, *lists)} == {len(contents)}
    for row, problem in enumerate(prepared.problems):
        values = [column[row] for column in columns] + [prepared.digests[row]]
        if problem is None:
            first = next(iter(prepared.content.values()))
            assert first[row] is not None
            assert None not in values[len(prepared.content) :]
            assert len(bytes.fromhex(prepared.digests[row])) == 32
            assert not prepared.transient[row]
        else:
            assert_one_line(problem)
            assert values == [None] * len(values)
        assert prepared.removed[row] == sorted(set(prepared.removed[row]))
        assert set(prepared.removed[row]) <= set(prepare.METADATA)
    assert set(prepare.PERSONAL_METADATA) <= set(prepare.METADATA)


def test_wrong_contents_cannot_be_used(known):
    bad = known.samples.bad()
    prepared = open_prepare(known.name).prepare(bad, known.settings["ingest"])
    used = [row for row, problem in enumerate(prepared.problems) if problem is None]
    assert [bad[row] for row in used] == []
    assert not any(prepared.transient)
    nothing = open_prepare(known.name).prepare([None], known.settings["ingest"])
    assert_one_line(nothing.problems[0])


def test_values_are_of_their_types_and_within_their_bounds(known):
    """Also those of contents that nobody expects, as far as they can be used."""
    prepare = open_prepare(known.name)
    prepared = prepare.prepare(everything(known), known.settings["ingest"])
    table = table_of(known.name, prepared)  # which refuses values of other types
    table = table.filter(pc.is_null(table["problem"]))
    for m in prepare.MEASUREMENTS:
        values = table[m.name].to_numpy()
        assert np.isfinite(values).all(), m.name
        assert (values >= m.low).all(), m.name
        assert (values <= m.high).all(), m.name
    assert len({m.name for m in prepare.MEASUREMENTS}) == len(prepare.MEASUREMENTS)


def test_a_content_is_prepared_the_same_in_any_company(known):
    prepare, limits = open_prepare(known.name).prepare, known.settings["ingest"]
    contents = everything(known)
    before = unchanged(contents)
    together, again = prepare(contents, limits), prepare(contents, limits)
    assert repr(together) == repr(again)
    assert contents == before
    backwards = prepare(contents[::-1], limits)
    for row, content in enumerate(contents):
        of_row = one_row(together, row)
        assert repr(one_row(backwards, len(contents) - 1 - row)) == repr(of_row)
        assert repr(one_row(prepare([content], limits), 0)) == repr(of_row)
    assert prepare([], limits).problems == []


def one_row(prepared, row):
    columns = {**prepared.content, **prepared.measured, **prepared.words}
    rest = (prepared.digests, prepared.removed, prepared.problems, prepared.transient)
    return {name: values[row] for name, values in columns.items()}, [v[row] for v in rest]


def test_what_is_stored_is_prepared_to_itself(known):
    """As ingest does when it takes a dataset from a Parquet file that another project wrote."""
    prepare = open_prepare(known.name)
    first = next(iter(prepare.CONTENT))
    if len(prepare.CONTENT) > 1 or not isinstance(known.prepared.content[first][0], str | bytes):
        pytest.skip("a stored example is no content of a source")
    stored = [
        content.encode() if isinstance(content, str) else content
        for content in known.prepared.content[first]
    ]
    again = prepare.prepare(stored, known.settings["ingest"])
    assert again.content == known.prepared.content
    assert again.digests == known.prepared.digests
    assert again.measured == known.prepared.measured
    assert again.removed == [[]] * len(stored)
    assert len(set(again.digests)) == len(stored)


def test_a_trace_is_in_its_own_content_alone(known):
    prepare = open_prepare(known.name)
    num = len(known.contents)
    rows = [
        {name: known.prepared.content[name][row] for name in prepare.CONTENT} for row in range(num)
    ]
    traces = [prepare.trace(row) for row in rows]
    assert all(isinstance(trace, bytes) for trace in traces)
    told = [trace for trace in traces if trace]
    assert len(set(told)) == len(told)


def test_a_tally_says_what_examples_have_in_common(known):
    prepare = open_prepare(known.name)
    tally, parts = prepare.new_tally(), prepare.new_tally()
    assert_has_names(tally, Tally)
    splits = pa.array(["train"] * known.table.num_rows)
    without = known.table.drop_columns(list(prepare.CONTENT)).append_column("split", splits)
    tally.add(without)
    for start in range(0, without.num_rows, 3):
        parts.add(without[start : start + 3])
    entry = opening.modality_fields(known.name, "prepare", "EntryFields")()
    assert tally.index(entry) == parts.index(entry) == known.index["content"]
    assert_json(tally.index(entry))
    for text in (tally.headline(), tally.summary()):
        assert_one_line(text)
    assert parts.headline() == tally.headline()
    for text in (*tally.remarks(entry), *tally.oddities(), *tally.decisions()):
        assert_one_line(text)
    keys = [line.split(":")[0] for line in tally.entry_lines()]
    fields = opening.modality_fields(known.name, "prepare", "EntryFields")
    assert {*keys} <= {*fields.model_fields}


def test_words_of_prepare(known):
    prepare = open_prepare(known.name)
    assert_one_line(prepare.NOUN)
    assert_one_line(prepare.FORMATS)
    assert all(suffix.startswith(".") and suffix.islower() for suffix in prepare.SUFFIXES)
    assert all(pa.type_for_alias(kind) for kind in prepare.CONTENT.values())
    for source in prepare.SOURCES.values():
        assert_has_names(source, SourceKind)
    first = next(iter(prepare.CONTENT))
    columns = opening.modality_fields(known.name, "prepare", "ColumnFields").model_fields
    assert first in columns
    assert isinstance(prepare.may_hold(pa.int8()), bool)
    with pytest.raises(SourceError):
        prepare.open_builtin("builtin:no such dataset")


# encode


def test_columns_are_as_they_are_described(known):
    encode = open_encode(known.name)
    columns = encode.columns(known.preparation)
    assert [(c.name, c.dtype, c.shape) for c in columns] == [
        (name, str(values.dtype), values.shape[1:]) for name, values in known.inputs.items()
    ]
    assert {len(values) for values in known.inputs.values()} == {len(known.contents)}
    assert {*encode.CONTENT} <= {*open_prepare(known.name).CONTENT}
    none = encode.encode({name: [] for name in encode.CONTENT}, known.preparation)
    assert [(v.dtype, v.shape) for v in none.values()] == [
        (np.dtype(c.dtype), (0, *c.shape)) for c in columns
    ]
    for values in known.inputs.values():
        if values.dtype.kind == "f":
            assert (np.isfinite(values) | (known.samples.has_gaps & np.isnan(values))).all()


def test_an_example_is_encoded_the_same_in_any_company(known):
    encode, num = open_encode(known.name), len(known.contents)
    contents = contents_of(known.prepared, encode.CONTENT)
    before, preparation = unchanged(contents), unchanged(known.preparation)
    again = encode.encode(contents, known.preparation)
    assert_same(again, known.inputs)
    assert contents == before
    assert known.preparation == preparation
    backwards = encode.encode({n: v[::-1] for n, v in contents.items()}, known.preparation)
    assert_same(rows_of(backwards, slice(None, None, -1)), known.inputs)
    for row in range(num):
        one = contents_of(known.prepared, encode.CONTENT, slice(row, row + 1))
        assert_same(encode.encode(one, known.preparation), rows_of(known.inputs, [row]))


def test_where_there_is_nothing_something_neutral_is_encoded(known):
    """It leaves its neighbours as they are; so do contents that nobody expects."""
    encode = open_encode(known.name)
    contents = contents_of(known.prepared, encode.CONTENT, slice(2))
    found = encode.encode({n: [v[0], None, v[1]] for n, v in contents.items()}, known.preparation)
    assert_same(rows_of(found, [0, 2]), rows_of(known.inputs, [0, 1]))
    odd = open_prepare(known.name).prepare(everything(known), known.settings["ingest"])
    odd_inputs = encode.encode(contents_of(odd, encode.CONTENT), known.preparation)
    assert_same(rows_of(odd_inputs, slice(len(known.contents))), known.inputs)
    columns = encode.columns(known.preparation)
    assert [str(values.dtype) for values in odd_inputs.values()] == [c.dtype for c in columns]


def test_the_original_is_copy_0_and_others_are_of_the_same_form(known):
    encode, settings = open_encode(known.name), known.settings["augment"]
    keys = id_keys(known.table["id"].to_pylist())
    assert_vary(encode.vary, known.inputs, keys, settings)


def assert_vary(vary, inputs, keys, settings):
    """Versions depend on key, copy and seed of their own row alone."""
    before, keys_before = unchanged(inputs), keys.copy()
    assert_same(vary(inputs, keys, 0, settings, 5), inputs)
    for copy in (1, 2):
        varied = vary(inputs, keys, copy, settings, 5)
        assert [(v.dtype, v.shape) for v in varied.values()] == [
            (v.dtype, v.shape) for v in inputs.values()
        ]
        assert_same(vary(inputs, keys, copy, settings, 5), varied)
        backwards = vary(rows_of(inputs, slice(None, None, -1)), keys[::-1], copy, settings, 5)
        assert_same(rows_of(backwards, slice(None, None, -1)), varied)
        for row in range(len(keys)):
            alone = vary(rows_of(inputs, [row]), keys[[row]], copy, settings, 5)
            assert_same(alone, rows_of(varied, [row]))
    assert_same(inputs, before)
    assert np.array_equal(keys, keys_before)


def test_copies_and_seeds_differ(known):
    vary, settings = open_encode(known.name).vary, known.settings["augment"]
    keys = id_keys(known.table["id"].to_pylist())
    bytes_of = {
        (copy, seed): [v.tobytes() for v in vary(known.inputs, keys, copy, settings, seed).values()]
        for copy, seed in [(0, 5), (1, 5), (2, 5), (1, 6)]
    }
    if len({*map(str, bytes_of.values())}) == 1:
        pytest.skip("nothing is varied")
    assert len({*map(str, bytes_of.values())}) == 4


LIGHT = """
import ast, importlib, sys
import pipeline.modalities
pipeline.modalities.__path__.append("tests/support")
package, contents, preparation = ast.literal_eval(sys.stdin.read())
encode = importlib.import_module(package + ".encode.interface")
inputs = encode.encode(contents, preparation)
importlib.import_module(package + ".prepare.requests")
print(sorted({"torch", "pyarrow", "pandas"} & {*sys.modules}))
for part in ("prepare", "stress"):
    importlib.import_module(f"{package}.{part}.interface")
print(sorted({"torch"} & {*sys.modules}))
print([(name, values.shape) for name, values in inputs.items()])
"""


def test_a_server_that_encodes_imports_neither_torch_nor_pyarrow_nor_pandas(known):
    """And what prepares and corrupts needs no torch."""
    contents = contents_of(known.prepared, open_encode(known.name).CONTENT, slice(2))
    package = package_of(known.name)
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        input=repr((package, contents, known.preparation)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    shapes = [(name, (2, *values.shape[1:])) for name, values in known.inputs.items()]
    assert done.stdout.splitlines() == ["[]", "[]", str(shapes)], done.stderr


# fit


def test_sums_of_parts_are_those_of_the_whole(known):
    fit, inputs = open_fit(known.name), known.inputs
    whole = fit.sums(inputs)
    assert_json(whole)
    parts = [fit.sums(rows_of(inputs, rows)) for rows in (slice(3), slice(3, 4), slice(4, None))]
    nothing = fit.sums(rows_of(inputs, slice(0)))
    assert list(nothing) == list(whole)
    for name, numbers in whole.items():
        added = [sum(column) for column in zip(*(part[name] for part in parts), strict=True)]
        assert added == numbers
        assert all(isinstance(number, int) for number in numbers)
        assert nothing[name] == [0] * len(numbers)


def test_a_preparation_is_json_and_pure(known):
    fit, encode = open_fit(known.name), open_encode(known.name)
    table = known.table.select(list(encode.CONTENT))
    settings, index = known.settings["augment"], unchanged(known.index)
    preparation = fit.fit(known.index, lambda: [table], settings)
    assert known.index == index
    assert_json(preparation)
    parts = [table[row : row + 1] for row in range(table.num_rows)]
    assert fit.fit(known.index, lambda: iter(parts), settings) == preparation
    before = unchanged(preparation)
    finished = fit.finish(preparation, fit.sums(known.inputs))
    assert preparation == before
    assert finished == known.preparation
    assert_json(finished)
    # A server has the preparation from model.json.
    contents = contents_of(known.prepared, encode.CONTENT)
    assert_same(encode.encode(contents, json.loads(json.dumps(finished))), known.inputs)


# stress


def test_corruptions_are_pure_and_keep_the_form(known):
    stress = open_stress(known.name)
    keys = id_keys(known.table["id"].to_pylist())
    before = unchanged(known.inputs)
    assert len(set(stress.VARIANTS)) == len(stress.VARIANTS)
    assert stress.num_examples(known.settings["evaluate"]) >= 0
    for name, strength in stress.VARIANTS:
        assert strength >= 1
        assert name != "none"
        corrupted = stress.corrupt(known.inputs, keys, name, strength)
        assert [(n, v.dtype, v.shape) for n, v in corrupted.items()] == [
            (n, v.dtype, v.shape) for n, v in known.inputs.items()
        ]
        assert_same(stress.corrupt(known.inputs, keys, name, strength), corrupted)
        some = [4, 1, 2]
        part = stress.corrupt(rows_of(known.inputs, some), keys[some], name, strength)
        assert_same(part, rows_of(corrupted, some))
    assert_same(known.inputs, before)


def test_slices_have_a_value_for_each_example(known):
    stress = open_stress(known.name)
    values = stress.slice_values(known.table.select(list(stress.SLICED_BY)))
    for name, numbers in values.items():
        assert np.asarray(numbers).shape == (known.table.num_rows,), name
        assert np.isfinite(numbers).all(), name
    assert {*stress.SLICED_BY} <= {*known.table.column_names}
    assert {*values} <= {*opening.open_show(known.name).TAILS}


# checks


def test_columns_are_those_that_ingest_writes(modality):
    checks, prepare = open_checks(modality), open_prepare(modality)
    assert tuple(checks.MEASUREMENTS) == tuple(prepare.MEASUREMENTS)
    assert tuple(checks.WORDS) == tuple(prepare.WORDS)
    assert checks.CONTENT.items() <= prepare.CONTENT.items()


def test_rules_about_rows_set_them_aside_and_others_only_warn(modality):
    checks = open_checks(modality)
    for rule in checks.ROW_RULES:
        assert rule.reason
        assert rule.expectation.severity == "critical"
    for rule in (*checks.ACROSS_SPLITS, *checks.AMONG_EXAMPLES):
        assert rule.reason is None
        assert rule.expectation.severity == "warning"


def test_rules_are_about_columns_that_the_modality_adds(known):
    checks, rows = open_checks(known.name), frame(known)
    there = set(rows)
    checks.add_row_checks(rows)
    checks.add_relations(rows)
    for rule in (*checks.ROW_RULES, *checks.ACROSS_SPLITS, *checks.AMONG_EXAMPLES):
        assert rule.column in set(rows) - there
        assert rows[rule.column].dtype == bool


def test_nothing_is_wrong_with_rows_that_were_not_measured(known):
    checks, rows = open_checks(known.name), frame(known)
    empty = rows.copy()
    for m in checks.MEASUREMENTS:
        empty[m.name] = np.nan
    for name in (*checks.WORDS, *checks.CONTENT):
        empty[name] = None
    checks.add_row_checks(empty)
    for rule in checks.ROW_RULES:
        wanted = rule.expectation.kwargs["value_set"]
        assert empty[rule.column].isin(wanted).all(), rule.says


def test_features_are_there_once_they_are_added(known):
    checks, content = open_checks(known.name), known.index["content"]
    table = frame(known)
    checks.add_features(table, content)
    features = checks.features(content)
    assert set(features.with_quantiles) <= set(features.names) <= set(table)
    assert len(set(features.names)) == len(features.names)
    assert np.isfinite(table[list(features.names)].to_numpy(np.float64)).all()
    patterns = checks.patterns(table, content)
    assert patterns.dtype == np.float64
    assert patterns.shape[0] == len(table)
    assert np.isfinite(patterns).all()


def frame(known: Known) -> pd.DataFrame:
    """Columns that validate reads, and a split."""
    checks = open_checks(known.name)
    names = ["id", *(m.name for m in checks.MEASUREMENTS), *checks.WORDS, *checks.CONTENT]
    rows = known.table.select(names).to_pandas()
    rows["split"] = pd.Categorical(["train", "test"] * (len(rows) // 2), ["train", "val", "test"])
    return rows
