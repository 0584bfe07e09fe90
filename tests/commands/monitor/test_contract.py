"""What holds for every kind of data and label: unchanged traffic is quiet, other traffic is not."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from pipeline.commands.adjust.__main__ import by_shares
from pipeline.commands.monitor.__main__ import next_step, words
from pipeline.commands.monitor.answers import Answers, read_answers
from pipeline.commands.monitor.drift import LEVEL
from pipeline.commands.monitor.watching import watch
from pipeline.modalities.opening import MODALITIES, open_requests, open_stress
from pipeline.runtime.errors import SettingsError
from pipeline.serving.model import Model
from pipeline.targets.opening import TARGETS
from tests.support.served_traffic import write_records
from tests.support.watched import KINDS, TrafficState, contents_of, write_watched

NUM = 800
JUDGED = {
    "classes": "accuracy",
    "numbers": "mean absolute error",
    "ranking": "hit rate of the first 10",
}


class Served(NamedTuple):
    """A kind, its model, and answers to traffic like its validation, and unlike it."""

    kind: TrafficState
    model: Model
    contents: Sequence[bytes]
    as_before: Answers
    drifted: Answers


@pytest.fixture(scope="module", params=KINDS, ids=" of ".join)
def served(request, tmp_path_factory):
    place, kind = tmp_path_factory.mktemp("watched"), request.param
    model = write_watched(place / "serving", kind)
    contents = contents_of(kind.modality, NUM, seed=2)
    write_records(place / "as-before", model, contents, truths=(kind.labels * NUM)[:30])
    others = contents_of(kind.modality, 200, seed=3, drifted=True)
    write_records(place / "drifted", model, [*contents[:300], *others])
    as_before, drifted = (
        read_answers(place / name, place / "serving", None) for name in ("as-before", "drifted")
    )
    drifted = replace(drifted, reference=as_before.reference)  # its thresholds take a second
    return Served(kind, model, contents, as_before, drifted)


def states_of(answers):
    """What people read of each family."""
    lines = words(answers, watch(answers))
    return dict(re.split(r"  +", line.strip(), maxsplit=1) for line in lines if "  " in line[1:])


def test_every_modality_and_target_is_here():
    assert {kind.modality for kind in KINDS} == {*MODALITIES}
    assert {kind.target for kind in KINDS} == {*TARGETS}


def test_unchanged_traffic_is_as_before(served):
    kind, known = served.kind, states_of(served.as_before)
    recorded = {*open_requests(kind.modality).MEASURED}
    names = {*open_stress(kind.modality).SLICED_BY} & recorded | {"embedding", "embedding spread"}
    assert {known[name] for name in names} == {"as before"}
    assert "ALARM" not in str(known)
    is_given = "estimated without labels" in known["accuracy"]
    assert is_given is (kind.target == "classes"), known["accuracy"]
    assert known["labelled"].startswith(JUDGED[kind.target])
    assert "of 30 answers whose labels came" in known["labelled"]


def test_other_traffic_is_an_alarm(served):
    known = states_of(served.drifted)
    assert any(state.startswith("ALARM since ") for state in known.values()), known
    assert "groundwork collect" in next_step(served.drifted.times[-1])


def test_false_alarms_are_as_rare_as_stated(served):
    """In windows drawn from traffic that is like validation."""
    found, random = served.as_before, np.random.default_rng(0)
    for size, num in ((100, 1000), (400, 200)):
        rows = random.integers(0, NUM, size * num)
        shares = found.reference.statistics(found.traffic.rows(rows), size)
        alarms = int((np.stack(list(shares.values())).max(0) > 1).sum())
        assert alarms <= 2 * LEVEL * num + 2, (size, shares.keys())


def test_answers_are_recorded_as_they_were_given(served):
    """Also where outputs are codes of items, which no rounding may touch."""
    (expected,) = served.model.answer([served.model.prepare(served.contents[:20])])
    given = [answer.label for answer in expected]
    said = [served.as_before.said(row) for row in range(20)]
    if served.kind.target == "numbers":
        np.testing.assert_allclose(said, given, rtol=2e-3, atol=0.05)
    else:
        assert said == given


def test_shares_of_labels_are_adjusted_and_nothing_else(served):
    """The page and the gate judge what comes of it; numbers and rankings have no shares."""
    if served.kind.target == "classes":
        found = by_shares(served.as_before)
        assert found.num == NUM
        assert found.shift.numpy() == pytest.approx([0, 0], abs=0.3), "nothing has changed"
        said = np.array([served.as_before.said(row) for row in range(NUM)])
        of_one = np.flatnonzero(said == served.kind.labels[1])[:200]
        answers = replace(served.as_before, outputs=served.as_before.outputs[of_one])
        answers = replace(answers, table=served.as_before.table.take(of_one))
        shift = by_shares(answers).shift.numpy()
        assert shift[1] > shift[0] + 1
    else:
        with pytest.raises(SettingsError, match=f"target {served.kind.target} have no prob"):
            by_shares(served.as_before)
