"""Check: all of params.yaml and the catalog entry, in a moment, before anything runs.

reads   params.yaml, data/catalog/<dataset>.yaml (which ingest, too, refuses when it is wrong)
writes  data/checked.txt, which is always the same, so that nothing runs again for it
params  all
"""

from typing import Any

from pipeline.check.device import check_device
from pipeline.entry import read_entry
from pipeline.params import all_params, load_params
from pipeline.runtime.stage import Stage, run_stage


def main(stage: Stage[Any]) -> None:
    params = load_params()  # strict: a key that no stage knows is an error
    read_entry(params.dataset, params.modality, params.target)
    check_device(params.train.device)
    text = "params.yaml and the catalog entry say nothing that a stage does not know\n"
    stage.output("data/checked.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_stage("check", main, all_params)
