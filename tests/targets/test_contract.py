"""What holds for every target: labels, what is learnt and judged of them, and what people read."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from pipeline.dataset.annotations import Annotations
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.findings import SCHEMAS as FOUND
from pipeline.dataset.findings import table_of
from pipeline.dataset.review.queue import BY_MODELS, BY_PEOPLE
from pipeline.dataset.table import write_examples
from pipeline.modalities.protocols.checks import Features
from pipeline.report.evaluation import named
from pipeline.runtime.errors import CompareError, SettingsError
from pipeline.targets import opening
from pipeline.targets.opening import (
    TARGETS,
    open_card,
    open_describe,
    open_judging,
    open_labels,
    open_loss,
    open_noise,
    open_rules,
    package_of,
    target_fields,
)
from pipeline.targets.predictions import target_of
from pipeline.targets.protocols.baseline import Baseline, BaselineInputs
from pipeline.targets.protocols.card import Card, EvaluationTables
from pipeline.targets.protocols.describe import Describe
from pipeline.targets.protocols.judging import (
    Answers,
    Evaluation,
    Judging,
    Stressed,
    Variant,
)
from pipeline.targets.protocols.judging import TestSplit as Split
from pipeline.targets.protocols.labels import Labels, LabelTally
from pipeline.targets.protocols.loss import Loss
from pipeline.targets.protocols.noise import Evidence, Noise
from pipeline.targets.protocols.rules import Rules
from pipeline.targets.slices import MIN_EXAMPLES, Slice
from pipeline.validate.profile import id_checksums, make_profile
from tests.support.contract import (
    assert_finite,
    assert_has_names,
    assert_json,
    assert_one_line,
    assert_png,
    unchanged,
)
from tests.support.repository import ROOT
from tests.support.samples import TARGET_SAMPLES, TargetSamples

NUM = 60
PROTOCOLS = {
    "baseline": Baseline,
    "labels": Labels,
    "rules": Rules,
    "noise": Noise,
    "loss": Loss,
    "describe": Describe,
    "judging": Judging,
    "card": Card,
}


class Known(NamedTuple):
    """A target, and labels of N examples."""

    name: str
    samples: TargetSamples
    entry: Any
    index: dict[str, Any]
    texts: list[str]
    """Labels as a source has them."""
    labels: pa.Array
    """The column of data/raw."""
    y: np.ndarray
    codes: np.ndarray
    num_outputs: int


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def known(target: str) -> Known:
    samples, labels = TARGET_SAMPLES[target], open_labels(target)
    entry = target_fields(target, "labels", "EntryFields")()
    drawn = np.random.default_rng(0).choice(len(samples.labels), NUM - len(samples.labels))
    texts = [*samples.labels, *(samples.labels[number] for number in drawn)]
    index = dict(labels.index_of(entry, {*texts}))
    column = labels.column(texts, index)
    values = pa.chunked_array([column])
    y = labels.encode(values, index)
    codes = open_noise(target).read_labels(values, index).codes
    num_outputs = labels.num_outputs(index)
    return Known(target, samples, entry, index, texts, column, y, codes, num_outputs)


def settings_of(known: Known, section: str, part: str, name: str) -> Any:
    fields = target_fields(known.name, part, name)
    return fields.model_validate(known.samples.settings.get(section, {}))


def outputs_of(known: Known, num: int = NUM, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(num, known.num_outputs)).astype(np.float32)


@pytest.mark.parametrize("part", PROTOCOLS)
def test_names_and_parameters_are_those_of_the_protocol(target, part):
    assert_has_names(getattr(opening, f"open_{part}")(target), PROTOCOLS[part])


def test_another_name_is_no_target():
    with pytest.raises(SettingsError, match="target must be "):
        package_of("nothing")


LIGHT = """
import importlib, sys
for part in ("labels", "noise", "describe", "judging"):
    importlib.import_module(f"{sys.argv[1]}.{part}.interface")
    print(part, "torch" in sys.modules)
"""


def test_what_needs_no_torch_imports_none(target):
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, package_of(target)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    parts = ("labels", "noise", "describe", "judging")
    assert done.stdout.splitlines() == [f"{part} False" for part in parts], done.stderr


# labels


def test_labels_are_encoded_each_by_itself(known):
    labels, index = open_labels(known.name), unchanged(known.index)
    assert_json(known.index)
    assert known.labels.type == labels.column_type() == open_rules(known.name).LABEL.type
    assert open_rules(known.name).LABEL.name == labels.COLUMN
    assert known.labels.null_count == 0
    assert len(known.y) == NUM
    assert known.num_outputs >= 1
    again = labels.encode(pa.chunked_array([known.labels[:7], known.labels[7:]]), known.index)
    assert again.dtype == known.y.dtype
    assert again.tobytes() == known.y.tobytes()
    backwards = known.labels.take(pa.array(range(NUM)[::-1]))
    encoded = labels.encode(pa.chunked_array([backwards]), known.index)
    assert np.array_equal(encoded[::-1], known.y)
    none = labels.encode(pa.chunked_array([known.labels[:0]]), known.index)
    assert (none.dtype, none.shape) == (known.y.dtype, (0, *known.y.shape[1:]))
    assert known.index == index


def test_labels_are_read_back(known):
    """From codes, from y, and by what people write."""
    noise, describe, labels = (
        opened(known.name) for opened in (open_noise, open_describe, open_labels)
    )
    given = noise.read_labels(pa.chunked_array([known.labels]), known.index)
    assert given.known.all()
    assert len(given.codes) == NUM
    assert noise.column(given.codes, known.index).to_pylist() == known.labels.to_pylist()
    written = noise.as_text(given.codes, known.index)
    choices = noise.choices(known.index)
    for row, text in enumerate(written):
        assert choices.allows(text)
        assert noise.code_of(text, known.index) == given.codes[row]
    assert not choices.allows("surely no label: \0")
    assert_one_line(choices.noun)
    assert_one_line(choices.advice)
    words = [describe.in_words(label) for label in known.labels.to_pylist()]
    assert [describe.of_shard(y, known.index) for y in known.y] == words
    listed = describe.choices(known.index)
    assert not listed or {*written} <= {*listed}
    missing = pa.array([None], labels.column_type())
    assert not noise.read_labels(pa.chunked_array([missing]), known.index).known.any()
    differ = noise.differ(given.codes, np.roll(given.codes, 1))
    assert differ.dtype == bool
    assert not noise.differ(given.codes, given.codes).any()


def test_labels_of_a_source(known):
    labels = open_labels(known.name)
    assert labels.names_in(known.entry) is None
    name = labels.namer({*known.texts}, known.entry, "labels.csv")
    assert [name(text) for text in known.texts] == known.texts
    assert {labels.problem_of(text, known.entry) for text in known.texts} == {None}
    column = labels.column([known.texts[0], None], known.index)
    assert column.type == labels.column_type()
    assert column.is_null().to_pylist() == [False, True]
    assert labels.named(known.texts[:2], known.index) == known.texts[:2]
    assert labels.named(["surely no label: \0", known.texts[0]], known.index)[0] is None
    for text in (labels.UNKNOWN, labels.describe(known.index), labels.how_to_mend(known.index)):
        assert_one_line(text)
    figures = labels.figures(known.index)
    assert_json(figures)
    assert labels.without_names(known.entry) is None
    fields = labels.entry_fields(known.index)
    assert set(fields) <= set(target_fields(known.name, "labels", "EntryFields").model_fields)
    grown, new = labels.grow(known.entry, known.index)
    assert (grown, new) == (known.index, [])


def test_votes_of_several_people(known):
    labels = open_labels(known.name)
    rows, texts = np.array([0, 0, 0, 2]), [known.texts[k] for k in (0, 0, 0, 1)]
    voted = labels.vote(rows, pa.array(texts), 4, known.index)
    assert voted.type == labels.column_type()
    expected = labels.column([texts[0], None, texts[3], None], known.index)
    assert voted.to_pylist() == expected.to_pylist()


def test_a_tally_of_labels(known):
    labels = open_labels(known.name)
    tally = labels.new_tally()
    assert_has_names(tally, LabelTally)
    table = pa.table({labels.COLUMN: known.labels})
    tally.add(table[:20])
    tally.add(table[20:])
    missing = labels.column([None], known.index)
    tally.add(pa.table({labels.COLUMN: missing}))
    for line in (*tally.summary(known.index), *tally.oddities(known.index)):
        assert_one_line(line)


def test_baselines_answer_as_a_network_does(known):
    target = opening.open_baseline(known.name)
    y = known.y
    seen = BaselineInputs(np.random.default_rng(0).normal(size=(len(y), 3)), None)
    fitted = target.fit(known.index, seen, y, np.ones(len(y)), seen, y)
    assert fitted
    for name, arrays in fitted.items():
        assert "." not in name
        outputs = target.answer(name, arrays, seen)
        assert outputs.shape == (len(y), known.num_outputs)
        assert outputs.dtype == np.float32
        assert np.isfinite(outputs).all()


def test_answers(known):
    labels = open_labels(known.name)
    probabilities = open_judging(known.name).probabilities(outputs_of(known))
    assert probabilities.shape[0] == NUM
    assert probabilities.dtype == np.float64
    assert np.isfinite(probabilities).all()
    for row in probabilities[:5]:
        assert_json(labels.answer(row, known.index))
        for text in labels.answer_words(row, known.index):
            assert_one_line(text)


def test_each_original_stands_in_the_first_copy_once(known):
    settings = settings_of(known, "augment", "labels", "AugmentFields")
    values = pa.chunked_array([known.labels])
    times = open_labels(known.name).balance(values, known.index, settings)
    found = np.concatenate([times(known.y[:40], 3), times(known.y[40:], 3)], axis=1)
    assert found.dtype == np.int64
    assert found.shape == (3, NUM)
    assert (found[0] == 1).all()
    assert (found >= 0).all()
    assert (found.sum(1) > 0).all()


# loss


def as_tensor(y: np.ndarray) -> torch.Tensor:
    """As learning has it."""
    tensor = torch.as_tensor(y)
    return tensor if tensor.is_floating_point() else tensor.long()


def test_losses_are_finite_and_have_a_gradient(known):
    loss, y = open_loss(known.name), as_tensor(known.y)
    own = settings_of(known, "train", "loss", "TrainFields")
    for settings in (None, own, open_noise(known.name).LOSS):
        outputs = torch.tensor(outputs_of(known), requires_grad=True)
        losses = loss.losses(outputs, y, settings)
        assert losses.shape == (NUM,)
        assert losses.dtype == torch.float32
        assert torch.isfinite(losses).all()
        losses.mean().backward()
        assert torch.isfinite(outputs.grad).all()
        assert (outputs.grad.abs().sum(1) > 0).any()
        alone = loss.losses(outputs.detach()[3:4], y[3:4], settings)
        torch.testing.assert_close(alone[0], losses.detach()[3])
    huge = loss.losses(torch.tensor(outputs_of(known)) * 1e4, y, None)
    assert torch.isfinite(huge).all()


def test_counts_add_up(known):
    loss, y = open_loss(known.name), as_tensor(known.y)
    outputs = torch.tensor(outputs_of(known))
    whole = loss.counted(outputs, y)
    assert len(whole) == len(loss.COUNTED)
    parts = [loss.counted(outputs[rows], y[rows]) for rows in (slice(20), slice(20, None))]
    for number, total in enumerate(whole):
        assert (total.shape, total.dtype) == ((), torch.float32)
        torch.testing.assert_close(sum(part[number] for part in parts), total)
    found = loss.validate(outputs, y, None)
    assert set(found) == {"loss", *loss.COUNTED}
    assert_finite(list(found.values()))
    mean = float(loss.losses(outputs, y, None).mean())
    lacking = 1 - found["ndcg_10"] if "ndcg_10" in found else mean  # scores have no scale
    assert found["loss"] == pytest.approx(lacking, rel=1e-5)
    for name, total in zip(loss.COUNTED, whole, strict=True):
        assert found[name] == pytest.approx(float(total) / NUM, rel=1e-5)


def test_the_better_epoch_has_the_greater_score(known):
    loss = open_loss(known.name)
    row = {"val_loss": 1.0} | {f"val_{name}": 0.5 for name in loss.COUNTED}
    assert loss.SHOWN in row
    better = row | {loss.SHOWN: row[loss.SHOWN] + (0.1 if loss.MORE_IS_BETTER else -0.1)}
    assert loss.score(better) > loss.score(row) == loss.score(dict(row))
    assert loss.score(row | {"val_loss": 0.9}) >= loss.score(row)


# judging


def split_of(known: Known) -> Split:
    random = np.random.default_rng(1)
    rows = np.arange(NUM)
    return Split(
        ids=[f"e{row}" for row in rows],
        y=known.y,
        groups=[None if row % 3 == 0 else f"<b>group|{row % 3}" for row in rows],
        measurements={"size": random.normal(size=NUM), "constant": np.zeros(NUM)},
        leaked=rows % 15 == 1,
    )


def evaluate(known: Known, *, stressed: bool = True, outputs: np.ndarray | None = None):
    outputs = outputs_of(known) if outputs is None else outputs
    validation = Answers(outputs_of(known, seed=2), known.y)
    rows = np.arange(0, NUM, 2) if stressed else np.array([], np.int64)
    worse = outputs_of(known, seed=3)
    variants = [
        Variant("none", 0, outputs[rows]),
        *(Variant("noise", strength, worse[rows] / strength) for strength in (1, 3)),
    ]
    given = Stressed(rows, iter(variants if stressed else []))
    return open_judging(known.name).evaluate(
        known.index, split_of(known), outputs, validation, given
    )


@pytest.fixture(scope="module", params=[True, False], ids=["stressed", "not stressed"])
def evaluation(request: pytest.FixtureRequest, known: Known) -> Evaluation:
    return evaluate(known, stressed=request.param)


def test_an_evaluation(known, evaluation):
    assert_json(dict(evaluation.metrics))
    assert_json(dict(evaluation.summary))
    assert_one_line(evaluation.sentence)
    judging, tables = open_judging(known.name), evaluation.tables
    assert {"predictions", "intervals", "slices", "mistakes", *open_card(known.name).TABLES} <= (
        set(tables)
    )
    assert evaluation.summary["min_slice_examples"] == MIN_EXAMPLES
    assert set(judging.JUDGED) <= set(judging.GOOD) <= set(evaluation.metrics)
    assert set(judging.GOOD.values()) <= {1, -1}
    for row in tables["intervals"].to_pylist():
        assert row["low"] - 1e-9 <= row["value"] <= row["high"] + 1e-9, row
    slices = tables["slices"].to_pylist()
    assert {*Slice._fields, "count"} <= set(slices[0])
    assert (slices[0]["kind"], slices[0]["count"]) == ("all", NUM)
    assert {row["kind"] for row in slices} == {"all", "low", "high", "group"}
    assert set(tables["mistakes"]["id"].to_pylist()) <= {f"e{row}" for row in range(NUM)}


def test_an_evaluation_is_pure(known):
    outputs = outputs_of(known)
    one, other = evaluate(known, outputs=outputs), evaluate(known, outputs=outputs)
    assert np.array_equal(outputs, outputs_of(known))
    assert one.metrics == other.metrics
    assert one.summary == other.summary
    for name, table in one.tables.items():
        assert table.equals(other.tables[name]), name


def test_a_single_example_is_judged(known):
    split = split_of(known)
    one = Split(
        split.ids[:1],
        split.y[:1],
        split.groups[:1],
        {name: values[:1] for name, values in split.measurements.items()},
        split.leaked[:1],
    )
    outputs = outputs_of(known, 1)
    nothing = Stressed(np.array([], np.int64), iter([]))
    found = open_judging(known.name).evaluate(
        known.index, one, outputs, Answers(outputs, split.y[:1]), nothing
    )
    assert_json(dict(found.metrics))


@pytest.fixture
def predictions(known, tmp_path):
    def read(evaluation: Evaluation):
        path = tmp_path / "predictions.parquet"
        write_examples(evaluation.tables["predictions"], path)
        assert target_of(path.read_bytes(), "main") == known.name
        return open_judging(known.name).read_predictions(path.read_bytes(), "main")

    return read


def test_predictions_are_read_as_they_were_written(known, predictions):
    judging = open_judging(known.name)
    found = predictions(evaluate(known))
    assert found.ids == split_of(known).ids
    assert found.groups == split_of(known).groups
    one, other = judging.align(found, predictions(evaluate(known)))
    rows = judging.scores(found).toarray()
    for aligned in (one, other):
        assert aligned.ids == found.ids
        assert np.array_equal(judging.scores(aligned).toarray(), rows)
    with pytest.raises(CompareError):
        judging.read_predictions(b"nothing", "main")


def test_metrics_follow_from_sums(known, predictions):
    judging, evaluation = open_judging(known.name), evaluate(known)
    scores = judging.scores(predictions(evaluation))
    assert scores.shape[0] == NUM
    rows = scores.toarray()
    assert np.isfinite(rows).all()
    whole = judging.metrics_of(rows.sum(0))
    for name in judging.GOOD:
        assert whole[name] == pytest.approx(evaluation.metrics[name], abs=1e-5), name
    each = judging.metrics_of(rows)
    for row in range(5):
        repeated = judging.metrics_of(7 * rows[row])
        for name in judging.GOOD:
            assert each[name].shape == (NUM,)
            assert repeated[name] == pytest.approx(each[name][row], abs=1e-9), name
    several = judging.metrics_of(np.stack([rows[:30].sum(0), rows[30:].sum(0)])[None])
    assert {several[name].shape for name in judging.GOOD} == {(1, 2)}


# rules


class Table(NamedTuple):
    frame: pd.DataFrame
    features: Features
    profile: dict[str, Any]
    settings: Any


@pytest.fixture(scope="module")
def table(known) -> Table:
    """Examples as validate has them, with features, and an accepted profile of them."""
    random = np.random.default_rng(0)
    frame = pa.table({"label": known.labels}).to_pandas()
    frame["id"] = [f"e{row}" for row in range(NUM)]
    frame["split"] = pd.Categorical([("train", "val", "test")[row // 4 % 3] for row in range(NUM)])
    frame["group"] = pd.Series([None] * NUM, dtype=object)
    frame["license"] = pd.Categorical(["CC0-1.0"] * NUM)
    frame["sha256"] = [f"{row:064x}" for row in range(NUM)]
    frame["warmth"], frame["width"] = random.normal(size=NUM), 3.0
    features = Features(["warmth", "width"], ["warmth"])
    own = open_rules(known.name).profile(frame, features.names, known.index)
    profile = make_profile(frame, features, [], own, id_checksums(frame))
    added = settings_of(known, "validate", "rules", "ValidateFields").model_dump()
    return Table(frame, features, profile, SimpleNamespace(max_drift=0.1, **added))


def patterns(frame: pd.DataFrame) -> np.ndarray:
    return frame[["warmth", "width"]].to_numpy(np.float64)


def assert_rules(rules: list[Rule], columns: Any) -> None:
    for rule in rules:
        assert_one_line(rule.says)
        assert rule.column is None or rule.column in columns
        assert rule.expectation.severity in ("critical", "warning")


def test_rules_of_labels(known, table):
    rules, frame = open_rules(known.name), table.frame
    before = unchanged(frame)
    of_rows = rules.row_rules(known.index)
    assert_rules(of_rows, frame)
    assert all(rule.reason and rule.expectation.severity == "critical" for rule in of_rows)
    for profile in (None, table.profile):
        for found in rules.label_tables(
            frame, table.features.names, known.index, profile, table.settings
        ):
            assert found.rows["id"].is_unique
            assert_one_line(found.noun)
            assert_rules(found.rules, found.rows)
    drift = rules.drift_rules(frame, table.profile, table.settings)
    assert_rules(drift, frame)
    assert all(rule.about == "profile" for rule in drift)
    pd.testing.assert_frame_equal(frame, before)


def test_the_profile_of_labels_is_of_finite_numbers(known, table):
    own = open_rules(known.name).profile(table.frame, table.features.names, known.index)
    assert_json(own)
    assert_finite(list(own.values()))
    assert {key.split(".")[0] for key in own} <= {key.split(".")[0] for key in table.profile}
    assert all("." in key for key in own)


def test_the_label_signal(known, table):
    rules = open_rules(known.name)
    frame = pd.concat([table.frame] * 20, ignore_index=True)
    frame["id"] = [f"e{row}" for row in range(len(frame))]
    checksums = id_checksums(frame)
    signal = rules.signal(frame, patterns, checksums, known.index)
    assert signal is not None
    assert signal.values.shape == (len(frame),)
    assert np.isfinite(signal.chance)
    assert not np.isinf(signal.values).any()
    again = rules.signal(frame, patterns, checksums, known.index)
    assert np.array_equal(signal.values, again.values, equal_nan=True)
    assert rules.signal(frame[:1], patterns, checksums[:1], known.index) is None
    frame["label_signal"] = signal.values
    for before in (None, table.profile, table.profile | {"label_signal": 0.5}):
        found = rules.signal_rules(frame, known.index, before, table.settings)
        assert_rules(found, frame)


# noise


def annotations_of(known: Known) -> Annotations:
    """Two people's labels of the first half; the second person errs now and then."""
    rows = np.repeat(np.arange(NUM // 2), 2)
    second = np.where(rows % 5 == 0, np.roll(known.codes, 1)[rows], known.codes[rows])
    people = np.tile([0, 1], NUM // 2)
    labels = np.where(people == 0, known.codes[rows], second)
    return Annotations(rows, people, labels, ("<b>Erika|", "Max"))


@pytest.mark.parametrize("with_people", [False, True])
def test_labels_are_checked(known, with_people):
    noise = open_noise(known.name)
    annotations = annotations_of(known) if with_people else None
    learnt = Evidence(known.codes[:40], outputs_of(known, 40), annotations)
    tested = Evidence(known.codes[40:], np.stack([outputs_of(known, 20, s) for s in (5, 6)]), None)
    check, of_test = noise.check_labels(learnt, tested, known.index)
    assert of_test is not None
    for found, num in ((check, 40), (of_test, 20)):
        assert found.quality.shape == found.is_issue.shape == found.confidence.shape == (num,)
        assert ((found.quality >= 0) & (found.quality <= 1)).all()
        assert found.is_issue.dtype == bool
        assert len(found.proposed) == num
        assert len(noise.as_text(found.proposed, known.index)) == num
        assert 0 <= found.noise_rate <= 1
    nothing = Evidence(known.codes[:0], np.zeros((2, 0, known.num_outputs), np.float32), None)
    alone, of_nothing = noise.check_labels(learnt, nothing, known.index)
    assert of_nothing is None
    assert np.array_equal(alone.quality, check.quality)  # nothing in it follows from the test split
    wrong = Evidence(learnt.given, np.full_like(learnt.outputs, np.nan), annotations)
    with pytest.raises(ValueError, match="finite"):
        noise.check_labels(wrong, nothing, known.index)

    ids, splits = [f"e{row}" for row in range(NUM)], ["train"] * 40 + ["test"] * 20
    for checked in (check, None):
        tables = noise.tables(
            ids, splits, known.codes, np.arange(40), annotations, checked, known.index
        )
        assert {name: found.schema for name, found in tables.items()} == dict(noise.SCHEMAS)
    summary = noise.summary(annotations, known.index)
    assert_json(summary)

    quality = np.concatenate([check.quality, np.full(20, np.nan)])
    doubts = noise.find_doubts(quality, annotations, known.index)
    describe = open_describe(known.name)
    for row, doubt in doubts.items():
        assert 0 <= row < NUM
        assert doubt.reasons
        assert set(doubt.reasons) <= {"label", "annotators"}
        item = {
            "given": describe.in_words(known.labels[row].as_py()),
            "proposed": noise.as_text(check.proposed[:1], known.index)[0],
            "confidence": 0.5,
            "label_quality": 0.25,
            "judges": BY_PEOPLE if row % 2 else BY_MODELS,
            "votes": [{"label": label, "count": count} for label, count in doubt.votes],
        }
        for reason in doubt.reasons:
            assert_one_line(describe.why(reason, item))


# What people read


def assert_markdown(lines: Any) -> None:
    """Foreign text is code, or nothing in it is markup; rows of a table have equally many cells."""
    cells = set()
    for line in lines:
        assert isinstance(line, str)
        assert "\n" not in line
        text = re.sub(r"`[^`]*`", "`code`", line)
        text = re.sub(r"\\.", "", text)
        assert "<" not in text, line
        assert "[x](y)" not in text, line
        if line.startswith("|"):
            cells.add(len(re.findall(r"(?<!\\)\|", line.replace("\\\\", ""))))
        else:
            assert len(cells) <= 1, lines
            cells = set()
    assert len(cells) <= 1


def suspected_of(known: Known) -> pa.Table:
    noise = open_noise(known.name)
    given = noise.as_text(known.codes, known.index)
    proposed = noise.as_text(np.roll(known.codes, 1), known.index)
    rows = [
        (f"e{row}", "train", given[row], proposed[row], row / NUM)
        for row in range(NUM)
        if given[row] != proposed[row]
    ]
    return table_of(FOUND["suspected"], rows)


def test_the_data_card(known):
    describe = open_describe(known.name)
    splits = ["train", "val", "test"] * (NUM // 3)
    groups = [f"person {number % 7}" for number in range(NUM)]
    columns = {open_labels(known.name).COLUMN: known.labels, "split": splits, "group": groups}
    table = pa.table(columns)
    assert_markdown(describe.counts(table, known.index))
    labels = {
        "label_issues": 3,
        "relabelled": 2,
        "decisions": 1,
        "estimated_noise_rate": 0.05,
    }
    assert_markdown(describe.label_check(labels))
    assert_markdown(describe.label_check({"relabelled": 1, "decisions": 2}))
    for line in describe.reliability(labels):
        assert line in describe.label_check(labels)
    assert_one_line(describe.summary(known.index))
    assert all(isinstance(word, str) for word in describe.keywords(known.index))
    for text in (describe.TASK, describe.NOUN, *describe.SHEET):
        assert_one_line(text)
    label = open_labels(known.name).COLUMN
    assert list(describe.FIELDS) == [label, f"{label}_given"]
    assert {name for name, _ in describe.LISTS.values()} <= set(open_noise(known.name).SCHEMAS)


def test_the_sheet_of_examples(known):
    describe = open_describe(known.name)
    ids, splits = [f"e{row}" for row in range(NUM)], ["train", "test"] * (NUM // 2)
    column = open_labels(known.name).COLUMN
    table = pa.table({"id": ids, column: known.labels, "split": splits})
    sheet = describe.sheet(table, known.index)
    chosen = [id for row in sheet.values() for id in row]
    assert chosen
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(ids[::2])
    assert describe.sheet(table[::-1], known.index) == sheet


def test_suspected_labels(known, tmp_path):
    describe, suspected = open_describe(known.name), suspected_of(known)
    for row in suspected.to_pylist():
        assert isinstance(describe.doubt(row), str)
    lists = describe.suspected_lists(suspected, known.index)
    assert all(isinstance(found, pa.Table) for found in lists.values())
    for number, some in enumerate((suspected, suspected[:0])):
        folder = tmp_path / str(number)
        folder.mkdir()
        describe.draw_suspected(some, known.index, folder)
        for path in folder.iterdir():
            assert path.suffix == ".png"
            assert_png(path)


def evaluation_tables(known: Known, evaluation: Evaluation) -> EvaluationTables:
    """As report reads them."""
    about = {"modality": "any", "target_kind": known.name, "target": known.index}
    summary = json.loads(json.dumps(about | dict(evaluation.summary)))
    tables = {name: evaluation.tables[name].to_pylist() for name in open_card(known.name).TABLES}
    tails = {name: (f"low {name}", f"high {name}") for name in ("size", "constant")}
    tables["slices"] = [named(row, MIN_EXAMPLES, tails) for row in tables["slices"]]
    return EvaluationTables(summary, tables)


def test_the_model_card(known, evaluation):
    card, tables = open_card(known.name), evaluation_tables(known, evaluation)
    loss = open_loss(known.name)
    assert_markdown([card.answer(known.index)])
    assert_markdown(card.notes(tables))
    assert_markdown(card.weaknesses(tables))
    assert_markdown(card.limits())
    about = {"val_loss": 0.5} | {f"val_{name}": 0.5 for name in loss.COUNTED}
    assert_markdown([card.validation(about)])
    assert_one_line(card.TASK)
    assert card.TASK == open_describe(known.name).TASK
    for words in card.ANSWERS:
        assert_one_line(words)
    mistakes = card.mistakes(tables, 4)
    assert len(mistakes.ids) == len(mistakes.captions) <= 4
    assert mistakes.ids == [row["id"] for row in tables.tables["mistakes"][:4]]
    assert_one_line(mistakes.title)
    for columns, rows in card.csv_tables(tables).values():
        assert all(set(columns) <= set(row) for row in rows)


def test_pictures_of_an_evaluation(known, evaluation, tmp_path):
    open_card(known.name).draw(evaluation_tables(known, evaluation), tmp_path)
    paths = [*tmp_path.iterdir()]
    assert paths
    for path in paths:
        assert path.suffix == ".png"
        assert_png(path)
