"""Check: all of params.yaml and the catalog entry, in a moment, before anything runs.

A batch that no memory holds, and shards that no disk holds, are refused too.

reads   params.yaml, data/catalog/<dataset>.yaml (which ingest, too, refuses when it is wrong)
writes  data/checked.txt, which is always the same, so that nothing runs again for it
params  all
"""

from pathlib import Path
from typing import Any

from pipeline.check.device import check_device
from pipeline.check.sizes import check_disk, check_memory
from pipeline.dataset.catalog import check_kind
from pipeline.entry import read_entry
from pipeline.params import all_params, load_params
from pipeline.runtime.settings import PARAMS_FILE, read_yaml
from pipeline.runtime.stage import Stage, run_stage


def main(stage: Stage[Any]) -> None:
    params = load_params()  # strict: a key that no stage knows is an error
    entry = read_entry(params.dataset, params.modality, params.target)
    check_device(params.train.device)
    if (input_bytes := entry.input_bytes) is not None:
        if params.train.device in ("auto", "cpu"):
            check_memory(input_bytes, params.batch_size)
        if sentence := check_disk(input_bytes, params.augment.copies, Path()):
            stage.say(sentence)
    text = "params.yaml and the catalog entry say nothing that a stage does not know\n"
    stage.output("data/checked.txt").write_text(text, encoding="utf-8")


def params_of_kind(modality: str, target: str) -> Any:
    """All params, once it is known that the dataset is of this modality and target.

    Else the first thing said would be that params.yaml lacks the keys of another one.
    """
    check_kind(str(read_yaml(PARAMS_FILE).get("dataset")), modality, target)
    return all_params(modality, target)


if __name__ == "__main__":
    run_stage("check", main, params_of_kind)
