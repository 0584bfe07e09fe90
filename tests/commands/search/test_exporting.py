"""An experiment that is run again replaces the one of its name, or leaves it."""

import contextlib

import pytest

from pipeline.commands.search.exporting import run_experiment
from pipeline.runtime.errors import TrainingError


@pytest.mark.slow  # 15 s
def test_the_one_before_stays_until_all_went_well(quick_clone):
    def experiments() -> list[str]:
        refs = "git for-each-ref 'refs/exps/**' --format='%(objectname) %(refname:lstrip=4)'"
        return quick_clone.run(refs).split()

    with contextlib.chdir(quick_clone.path):
        run_experiment("once", {"lr": 0.002}, "check")
        first, name = experiments()
        assert name == "once"
        with pytest.raises(TrainingError) as caught:
            run_experiment("once", {"lr": -1}, "check")
        assert str(caught.value) == (
            "ERROR experiment once cannot be run up to check: params.yaml: lr must be greater than "
            "0, found -1 | fix: set lr to such a value in params.yaml"
        )
        assert experiments() == [first, name]
        run_experiment("once", {"lr": 0.003}, "check")
        second, name = experiments()
        assert name == "once"
        assert second != first
