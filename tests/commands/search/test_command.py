"""`search`: experiments, the same ones after a kill, and a test split that stays shut."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from pipeline.commands.search.study import finished, open_study
from pipeline.runtime.errors import SettingsError
from tests.support.repository import BIN, Repository, environment
from tests.support.trainable_clone import make_trainable

SPACE = (
    "all:\n  lr: {from: 1e-3, to: 0.1, log: true}\n  optimizer: [adam, sgd]\n"
    "  train:\n    schedule: [constant, cosine, linear]\n"
)
SEARCH = "groundwork search --no-export --space space.yaml"


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Repository:
    """A clone whose shards have no test split: whoever opens it fails."""
    clone = make_trainable(tmp_path_factory.mktemp("search") / "clone")
    clone.set_params({"model": "article_cnn", "epochs": 3})
    clone.set_params({"train": {"progressive": []}})
    (clone.path / "space.yaml").write_text(SPACE)
    for path in (clone.path / "data/shards").glob("test-*"):
        path.unlink()
    clone.run("dvc init --quiet --force && git add -A && git commit -q -m 'to be searched'")
    return clone


@pytest.fixture
def project(once) -> Repository:
    once.run("dvc exp remove --quiet -A; rm -rf .groundwork", expect=None)
    return once


def trials_of(project: Repository) -> list[tuple]:
    """What each finished trial tried, and what came of it."""
    (database,) = (project.path / ".groundwork").glob("*.db")
    storage = RDBStorage(f"sqlite:///{database}")
    (summary,) = storage.get_all_studies()
    study = open_study(f"sqlite:///{database}", summary.study_name, 3)
    return [(t.params, t.state, t.user_attrs["training"]) for t in finished(study)]


def experiments(project: Repository) -> list[str]:
    return sorted(project.run("dvc exp list --name-only").split())


def test_a_search(project):
    printed = project.run(f"{SEARCH} --trials 4 --finalists 2")
    lines = printed.splitlines()
    assert lines[0].endswith("3 keys of space.yaml, val_loss, TPE with median pruning")
    assert [line.split()[0] for line in lines[1:5]] == ["1/4", "2/4", "3/4", "4/4"]
    assert "lr=0.001 optimizer=adam train.schedule=cosine" in lines[1], "params.yaml is the first"
    assert lines[6] == "search: the best 2 again, with three other seeds each"
    names = experiments(project)
    assert [name[-4:] for name in names] == ["-000", "-001", "-002", "-003"]
    (table,) = (project.path / ".groundwork/search").rglob("trials.csv")
    assert [line.split(",")[0] for line in table.read_text().splitlines()] == ["trial", *names]
    (picture,) = (project.path / ".groundwork/search").rglob("search.png")
    assert picture.read_bytes().startswith(b"\x89PNG")

    again = project.run(f"{SEARCH} --trials 4 --finalists 2")
    assert again.splitlines()[0] == f"{lines[0]}; 4 trials are there already"
    assert again.splitlines()[1:] == lines[5:], "nothing is trained again"
    assert experiments(project) == names


@pytest.mark.slow
def test_an_experiment_is_what_train_gives_with_its_params(project):
    project.run(f"{SEARCH} --trials 2 --finalists 1")
    name = experiments(project)[-1]
    assert name in project.run("dvc exp show --csv")
    ref = project.run(f"git for-each-ref --format='%(refname)' 'refs/exps/**/{name}'").strip()
    project.run(f"git checkout -q {ref} -- params.yaml reports/training.json")
    report = project.path / "reports/training.json"
    claimed = report.read_text()
    project.run("python -m pipeline.train")
    assert report.read_text() == claimed
    project.run("git checkout -q HEAD -- . && git clean -qfd models")


def killed(project: Repository, command: str, seconds: float) -> None:
    """Start it, and kill it hard after so long."""
    process = subprocess.Popen(
        command.split(),
        cwd=project.path,
        env=environment() | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_killed_again_and_again_it_makes_the_same_trials(project):
    project.run(f"{SEARCH} --trials 8 --finalists 1")
    expected, names = trials_of(project), experiments(project)
    project.run("dvc exp remove --quiet -A; rm -rf .groundwork", expect=None)
    for attempt in range(20):
        killed(project, f"{SEARCH} --trials 8 --finalists 1", 3 + attempt * 0.2)
    project.run(f"{SEARCH} --trials 8 --finalists 1")
    assert trials_of(project) == expected
    assert len(experiments(project)) == len(names)


@pytest.mark.slow
def test_two_at_a_time_share_a_database(project):
    both = f"({SEARCH} --trials 6 --finalists 1 & {SEARCH} --trials 6 --finalists 1; wait)"
    project.run(both)
    assert 6 <= len(trials_of(project)) <= 7
    assert len(experiments(project)) == len(trials_of(project))


@pytest.mark.slow
def test_a_real_postgresql(project):
    pytest.importorskip("psycopg", reason="no driver: uv pip install psycopg[binary]")
    if not (shutil.which("pg_ctl") and shutil.which("initdb")):
        pytest.skip("no PostgreSQL: apt-get install postgresql, with its bin folder on PATH")
    as_user = "" if os.geteuid() else "runuser -u postgres -- "
    data, port = Path(tempfile.mkdtemp(prefix="groundwork-", dir="/tmp")), 54321
    if as_user:
        shutil.chown(data, "postgres")
    run = project.run
    run(f"{as_user}initdb -D {data} -A trust -U gw")
    run(f"{as_user}pg_ctl -D {data} -w -o '-p {port} -k /tmp -h 127.0.0.1' -l {data}/log start")
    try:
        url = f"postgresql+psycopg://gw@127.0.0.1:{port}/postgres"
        command = f"{SEARCH} --trials 4 --finalists 1 --storage {url}"
        run(f"({command} & {command}; wait)")
        assert 4 <= len(experiments(project)) <= 5
        again = run(command)
        assert "trials are there already" in again
    finally:
        run(f"{as_user}pg_ctl -D {data} -m immediate stop")
        shutil.rmtree(data)


def test_what_is_no_database(here):
    Path("params.yaml").write_text("lr: 1\n" * 100)
    for url, what in [
        ("nothing", "--storage is no URL of a database"),
        ("sqlite:///params.yaml", "the database sqlite:///params.yaml cannot be opened: "),
        (
            "postgresql+psycopg://ana:secret@127.0.0.1:1/gw",
            r"ana:\*\*\*@127.0.0.1:1/gw cannot be op",
        ),
    ]:
        with pytest.raises(SettingsError, match=what) as refused:
            open_study(url, "s", 3)
        assert "secret" not in str(refused.value)
