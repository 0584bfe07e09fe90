"""The engine `ray`, on a real cluster of two nodes: same bytes, same errors, no orphan."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.augment.cluster import ADDRESS_VARIABLE, map_on_ray
from pipeline.augment.engines import make_on, send_shards
from pipeline.augment.sharding import makers
from pipeline.runtime.code import library_versions
from pipeline.runtime.errors import MissingInput, SettingsError, WorkerKilled
from pipeline.runtime.process import WORKERS_VARIABLE
from tests.support.repository import ROOT
from tests.support.shard_jobs import contents, examples, jobs_of, make_plan

INSTALL = "uv pip install -c requirements.txt '.[ray]'"
WAITS = """
import sys
from pathlib import Path
from pipeline.augment.cluster import map_on_ray
def wait(number):
    import time
    time.sleep(1000)
def tasks():
    yield 1
    Path("started").touch()
    yield 2
list(map_on_ray(wait, tasks()))
"""


@pytest.fixture(scope="module")
def cluster():
    """A head and another node with a core each."""
    pytest.importorskip("ray", reason=f"Ray is not installed ({INSTALL})")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    yield nodes
    nodes.shutdown()


@pytest.fixture
def address(cluster, monkeypatch) -> str:
    monkeypatch.setenv(ADDRESS_VARIABLE, cluster.address)
    return cluster.address


def test_without_ray_its_installation_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError) as caught:
        list(map_on_ray(abs, [1]))
    assert str(caught.value) == (
        f"ERROR params.yaml: augment.engine is ray, which is not installed | fix: {INSTALL}"
    )


def test_nodes_with_other_libraries_are_refused(tmp_path, png):
    [job, *_] = jobs_of(make_plan(tmp_path / "shards"), [examples(png)])
    numpy = f"numpy {np.__version__}"
    expected = [
        "numpy 1.0" if name == numpy else name for name in library_versions(*makers("images"))
    ]
    with pytest.raises(SettingsError) as caught:
        send_shards(job, expected)
    assert str(caught.value) == (
        f"ERROR a node of the Ray cluster has numpy {np.__version__}, expected numpy 1.0 | fix: "
        "uv pip install -c requirements.txt '.[ray]' on every node"
    )


def test_what_is_sent_is_what_would_have_been_written(tmp_path, png):
    plan = make_plan(tmp_path / "shards")
    [job, *_] = jobs_of(plan, [examples(png)])
    made, files = send_shards(job, library_versions(*makers("images")))
    assert contents(plan) == {}
    assert [len(file) > 0 for file in files] == [True] * 3
    assert list(map(str, make_on("local", [job], plan.folder, "images"))) == [str(made)]
    names = [file["name"] for file in made.files]
    assert contents(plan) == dict(zip(names, map(bytes, files), strict=True))


def test_two_nodes_make_the_bytes_of_one_machine(address, tmp_path, png, monkeypatch):
    monkeypatch.setenv(WORKERS_VARIABLE, "1")
    here, there = make_plan(tmp_path / "here"), make_plan(tmp_path / "there")
    ours = list(make_on("local", jobs_of(here, [examples(png)], "full"), here.folder, "images"))
    theirs = list(make_on("ray", jobs_of(there, [examples(png)], "full"), there.folder, "images"))
    assert list(map(str, theirs)) == list(map(str, ours))
    assert contents(there) == contents(here)


def test_all_nodes_work_on_tasks_that_are_drawn_as_they_are_needed(address, tmp_path):
    def where(number: int) -> tuple[int, str]:
        import time

        import ray

        node = ray.get_runtime_context().get_node_id()
        (tmp_path / node).touch()
        for _ in range(600):  # the other node's first worker may take long to start
            if len(list(tmp_path.iterdir())) == 2:
                break
            time.sleep(0.1)
        return number, node

    drawn = []

    def tasks():
        for number in range(20):
            drawn.append(number)
            yield number

    nodes = set()
    for expected, (number, node) in enumerate(map_on_ray(where, tasks())):
        assert number == expected
        assert len(drawn) <= number + 4  # twice the cores
        nodes.add(node)
    assert (len(drawn), len(nodes)) == (20, 2)


def test_an_error_of_a_worker_is_the_same_line(address):
    def fail(number: int) -> None:
        raise MissingInput(f"no image {number}", fix="look for it")

    with pytest.raises(MissingInput) as caught:
        list(map_on_ray(fail, [7]))
    assert str(caught.value) == "ERROR no image 7 | fix: look for it"
    assert type(caught.value) is MissingInput


def test_a_bug_in_a_worker_keeps_its_traceback(address):
    with pytest.raises(ValueError, match="invalid literal for int"):
        list(map_on_ray(int, ["x"]))


def test_a_worker_that_dies_again_and_again_is_told(address):
    def die(number: int) -> None:
        os._exit(1)

    with pytest.raises(WorkerKilled, match="a task was lost on the Ray cluster: The worker died"):
        list(map_on_ray(die, [1]))


def test_a_cluster_that_is_not_there_is_told_at_once(monkeypatch):
    pytest.importorskip("ray", reason=f"Ray is not installed ({INSTALL})")
    monkeypatch.setenv(ADDRESS_VARIABLE, "127.0.0.1:1")
    with pytest.raises(SettingsError) as caught:
        list(map_on_ray(abs, [1]))
    assert str(caught.value) == (
        "ERROR no Ray cluster can be used at 127.0.0.1:1: [Errno 111] Connection refused | fix: "
        "start one (ray start --head), or unset RAY_ADDRESS to use this machine"
    )


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_nothing_is_left_of_an_instance_on_this_machine(number, tmp_path):
    pytest.importorskip("ray", reason=f"Ray is not installed ({INSTALL})")
    mark = f"GROUNDWORK_TEST={tmp_path}"
    environment = {k: v for k, v in os.environ.items() if k != ADDRESS_VARIABLE}
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS],
        cwd=tmp_path,
        env=environment
        | {"GROUNDWORK_TEST": str(tmp_path), "GROUNDWORK_WORKERS": "1", "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    while not (tmp_path / "started").exists() and process.poll() is None:
        time.sleep(0.05)
    assert len(processes_with(mark)) > 2
    process.send_signal(number)
    process.wait()
    waited = time.monotonic() + 180  # an agent of Ray looks for its parent now and then
    while processes_with(mark) and time.monotonic() < waited:
        time.sleep(0.1)
    assert processes_with(mark) == []


def processes_with(mark: str) -> list[str]:
    """Command lines of the processes that have `mark` in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [command for command in found if command]
