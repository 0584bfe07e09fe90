"""Work over processes is the same work; no process outlives its parent."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from pipeline.runtime.errors import SettingsError, SourceError
from pipeline.runtime.process import WORKERS_VARIABLE, available_cores, map_ordered, num_workers
from tests.support.repository import ROOT

MIN_TASKS = 4


def square_slowly_at_first(number: int) -> tuple[int, int]:
    """The square, and which process found it; early tasks end after later ones."""
    time.sleep(0.05 if number == 0 else 0)
    return number * number, os.getpid()


def fail_at_three(number: int) -> int:
    if number == 3:
        raise SourceError("picture 3 is torn", fix="bring another")
    return number


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("num_tasks", [0, 1, MIN_TASKS - 1, MIN_TASKS, MIN_TASKS + 1, 50])
def test_map_ordered_is_map(monkeypatch, workers, num_tasks):
    monkeypatch.setenv(WORKERS_VARIABLE, str(workers))
    tasks = iter(range(num_tasks))
    results = list(map_ordered(square_slowly_at_first, tasks, min_tasks=MIN_TASKS))
    assert [value for value, _ in results] == [number * number for number in range(num_tasks)]
    where = {pid for _, pid in results}
    if workers == 1 or num_tasks < MIN_TASKS:
        assert where <= {os.getpid()}
    else:
        assert os.getpid() not in where
        assert len(where) <= workers


@pytest.mark.parametrize("command", ["pipeline.validate", "pipeline.commands.groundwork"])
def test_python_without_docstrings_is_refused_in_one_line(command):
    result = subprocess.run(
        [sys.executable, "-m", command],
        cwd=ROOT,
        env=os.environ | {"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "ERROR Python runs without docstrings (PYTHONOPTIMIZE=2 or -OO), which libraries need "
        "| fix: unset PYTHONOPTIMIZE\n"
    )


COUNT_THREADS = """
import json, os, sys
import numpy
from pipeline.runtime.process import use_threads
use_threads(int(sys.argv[1]))
import sklearn.ensemble, scipy.linalg  # each with libraries of its own
from threadpoolctl import threadpool_info
print(json.dumps([[each["user_api"], each["num_threads"]] for each in threadpool_info()]))
"""


@pytest.mark.parametrize("num", [1, min(2, available_cores())])
@pytest.mark.parametrize("told", [{"OMP_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "2"}, {}])
def test_libraries_use_as_many_threads_as_we_say_whatever_they_were_told(told, num):
    printed = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS, str(num)],
        cwd=ROOT,
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = json.loads(printed)
    assert {kind for kind, _ in found} >= {"blas", "openmp"}
    assert {threads for _, threads in found} == {num}


def test_tasks_are_taken_as_results_are(monkeypatch):
    monkeypatch.setenv(WORKERS_VARIABLE, "2")
    tasks = itertools.count()
    results = map_ordered(square_slowly_at_first, tasks)
    assert [next(results)[0] for _ in range(3)] == [0, 1, 4]
    results.close()
    assert next(tasks) <= 3 + 2 * 2, "more tasks were taken than may wait for their result"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_the_error(monkeypatch, workers):
    monkeypatch.setenv(WORKERS_VARIABLE, str(workers))
    results = map_ordered(fail_at_three, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceError) as caught:
        next(results)
    assert str(caught.value) == "ERROR picture 3 is torn | fix: bring another"


def test_an_error_among_the_tasks_is_the_error(monkeypatch):
    def tasks():
        yield from range(5)
        raise SourceError("no more", fix="bring more")

    monkeypatch.setenv(WORKERS_VARIABLE, "2")
    with pytest.raises(SourceError, match="no more"):
        list(map_ordered(square_slowly_at_first, tasks()))


def test_leaving_early_leaves_no_process(monkeypatch):
    monkeypatch.setenv(WORKERS_VARIABLE, "2")
    results = map_ordered(square_slowly_at_first, itertools.count())
    workers = {next(results)[1] for _ in range(20)}
    assert all(map(psutil.pid_exists, workers))
    results.close()
    assert not any(map(psutil.pid_exists, workers))


@pytest.mark.parametrize(("given", "number"), [("1", 1), ("7", 7), ("0", 1)])
def test_num_workers_is_what_the_environment_says(monkeypatch, given, number):
    monkeypatch.setenv(WORKERS_VARIABLE, given)
    assert num_workers() == number


@pytest.mark.parametrize("given", [None, ""])
def test_num_workers_is_every_core(monkeypatch, given):
    monkeypatch.delenv(WORKERS_VARIABLE, raising=False)
    if given is not None:
        monkeypatch.setenv(WORKERS_VARIABLE, given)
    assert num_workers() == available_cores()


@pytest.mark.parametrize("given", ["two", "-1", "1.5"])
def test_num_workers_refuses_what_is_no_number(monkeypatch, given):
    monkeypatch.setenv(WORKERS_VARIABLE, given)
    with pytest.raises(SettingsError) as caught:
        num_workers()
    assert str(caught.value) == (
        f"ERROR GROUNDWORK_WORKERS must be a whole number, found {given!r}"
        " | fix: unset it to use every core"
    )


# Parents that say who their children are. Those have far more to do than the test waits.
OF_ONE_CHILD = """
import subprocess, sys
child = '''
import os, time
from pipeline.runtime.process import die_with_parent
die_with_parent(os.getppid())
print(os.getpid(), flush=True)
time.sleep(600)
'''
subprocess.run([sys.executable, "-c", child])
"""
OF_BUSY_WORKERS = """
import time
from multiprocessing import active_children
from pipeline.runtime.process import map_ordered

def work(number):
    time.sleep(600 if number else 0)

if __name__ == "__main__":
    for _ in map_ordered(work, range(4)):
        print(*(child.pid for child in active_children()), flush=True)
"""
# This one dies while its workers still import, before they can ask to die with it.
OF_STARTING_WORKERS = """
import os, signal, time
from multiprocessing import active_children
from pipeline.runtime.process import map_ordered

def tasks():
    yield from (600, 600)
    print(*(child.pid for child in active_children()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    yield 600

if __name__ == "__main__":
    list(map_ordered(time.sleep, tasks()))
"""


@pytest.mark.parametrize(
    ("program", "num_children"),
    [(OF_ONE_CHILD, 1), (OF_BUSY_WORKERS, 2), (OF_STARTING_WORKERS, 2)],
    ids=["one child", "busy workers", "starting workers"],
)
def test_no_process_outlives_a_killed_parent(tmp_path, wait_until_gone, program, num_children):
    script = tmp_path / "parent.py"
    script.write_text(program)
    parent = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what multiprocessing says of a killed parent
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), WORKERS_VARIABLE: "2"},
    )
    children = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert len(children) == num_children
    left = [pid for pid in children if not wait_until_gone(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def test_a_process_ends_without_looking_for_garbage():
    at_last = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count()))"
    command = [sys.executable, "-c", f"{at_last}; import pipeline"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 1000
