"""`kill -9` at random moments: every answer that a client has, has its record."""

import random
import threading
import time

import pytest

from pipeline.dataset.served.layout import read_records
from pipeline.dataset.served.tables import read_served, record_files
from tests.commands.serve.test_reload import Clients
from tests.support.serving import serving, write_model


@pytest.mark.parametrize(
    "attempt", [0, 1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 50))]
)
def test_no_acknowledged_record_is_lost(tmp_path, image, attempt):
    write_model(tmp_path / "models/serving")
    wait = random.Random(attempt).uniform(0, 1)
    with serving(tmp_path) as server, Clients(server, image(attempt), 4) as clients:
        while len(clients.answers) < 10:
            time.sleep(0.01)
        time.sleep(wait)
        server.kill()
    answered = [values for status, values in clients.answers if status == 200]
    assert len(answered) >= 10
    served = read_served(tmp_path / ".groundwork/serving")
    recorded = served.answers["id"].to_pylist()
    assert {values["id"] for values in answered} <= set(recorded)
    assert len(recorded) <= len(answered) + 4  # one under way for each client
    assert served.unreadable == []
    assert served.num_torn <= 1


def test_truths_are_kept_too(tmp_path, image):
    write_model(tmp_path / "models/serving")
    with serving(tmp_path) as server:
        id = server.ask_json("POST", "/predict", image(0))[1]["id"]
        told = [server.ask_json("POST", "/feedback", {"id": id, "label": "dog"}) for _ in range(5)]
        server.kill()
    assert [status for status, _ in told] == [200] * 5
    assert read_served(tmp_path / ".groundwork/serving").truths["id"].to_pylist() == [id] * 5


def test_what_a_server_still_writes_can_be_read(tmp_path, image):
    write_model(tmp_path / "models/serving")
    with serving(tmp_path) as server, Clients(server, image(0), 2):
        deadline = threading.Event()
        threading.Timer(1, deadline.set).start()
        while not deadline.is_set():
            for path in record_files(tmp_path / ".groundwork/serving"):
                read_records(path)
