"""The history of a training in Parquet: the same rows, the same bytes."""

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.train.history import write_history, write_speed

HISTORY = [
    {"epoch": epoch, "lr": 0.1, "train_loss": 1 / epoch, "val_accuracy": 1 / 3} for epoch in (1, 2)
]


def test_rows_come_back_unrounded_and_the_bytes_are_the_same(tmp_path):
    path = tmp_path / "training.parquet"
    write_history(path, HISTORY)
    table = pq.read_table(path)
    assert table.to_pylist() == HISTORY
    assert table.schema.field("epoch").type == pa.int64()
    assert {table.schema.field(name).type for name in table.column_names[1:]} == {pa.float64()}
    content = path.read_bytes()
    write_history(path, HISTORY)
    assert path.read_bytes() == content


def test_speed_of_each_epoch(tmp_path):
    path = tmp_path / "speed.parquet"
    speed = [{"epoch": 1, "num_examples": 300, "seconds": 1.5}]
    write_speed(path, speed)
    assert pq.read_table(path).to_pylist() == [speed[0] | {"examples_per_second": 200.0}]
