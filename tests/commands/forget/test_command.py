"""What is forgotten is nowhere any more: not in the caches, not in a remote, not in git."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from pipeline.dataset.rows import row_key
from tests.support.forgetting import (
    CANARY,
    COPY,
    FORGET,
    FORGOTTEN,
    IDS,
    everything,
    holders,
    photo,
    stored,
)
from tests.support.marks import slow
from tests.support.repository import Repository, environment, make_clone


def digests(repository: Repository) -> dict[str, bytes]:
    """Of everything but what any command of DVC or Python writes."""
    return {
        name: hashlib.md5(content).digest()
        for name, content in everything(repository)
        if "__pycache__" not in name and "/.dvc/tmp/" not in name
    }


@pytest.mark.slow  # a minute
def test_erasure(repository):
    people = repository.path.parent / "people"
    assert not [n for n, content in everything(repository) if CANARY in content]  # after ingest
    images = stored(repository, FORGOTTEN)
    assert len(images) == 2
    assert len(holders(repository, images, FORGOTTEN)) > 8  # raw, clean, shards: here and there
    old = repository.run("git rev-parse HEAD").strip()
    listed = "git for-each-ref --no-merged main --format='%(objectname)' refs/exps"
    experiments = repository.run(listed).split()
    assert len(experiments) > 1
    kept_before = stored(repository, ["ada/004.jpg"])

    before = digests(repository)
    said = repository.run(f"{FORGET} --ids {IDS} --dry-run")
    assert "To forget in people: 3 examples" in said  # the copy is the same picture
    assert f" {old[:7]} results" in said
    assert "  - refs/exps/" in said
    assert "EXEC_" not in said
    assert said.endswith("Nothing was changed (--dry-run).\n")
    assert digests(repository) == before

    said = repository.run(f"{FORGET} --ids {IDS} --reason 'asked for it' --yes --commit")
    assert holders(repository, images, [*FORGOTTEN, COPY]) == []
    assert "Found: nothing." in said
    assert f" {old[:7]} results" in said
    assert re.search(r"- trained on them, and kept: \d+ model files", said)
    receipts = list((repository.path / ".groundwork").glob("forgotten-*.md"))
    assert [r.name for r in (repository.path / ".groundwork").iterdir()] == [receipts[0].name]
    assert receipts[0].read_text() in said
    assert not any(id in receipts[0].read_text() for id in FORGOTTEN)

    tombstones = (repository.path / "data/optout/people.csv").read_text()
    assert not any(id in tombstones for id in FORGOTTEN)
    assert hashlib.sha256(b"ada/003.jpg").hexdigest() in tombstones
    assert hashlib.sha256((people / "ada/003.jpg").read_bytes()).hexdigest() in tombstones
    assert hashlib.sha256(images[0]).hexdigest() in tombstones
    assert "asked for it" in tombstones
    reviews = (repository.path / "data/reviews/people.csv").read_text()
    assert "003" not in reviews
    assert "ada/005.jpg,ada,keep,eve," in reviews
    report = (repository.path / "reports/ingest.json").read_text()
    assert '"opted_out": 3' in report
    assert '"examples": 78' in report
    rows = (repository.path / "reports/rows.csv").read_text()
    assert rows.count("\n") == 1 + 78
    assert not any(row_key(id) in rows for id in [*FORGOTTEN, COPY])
    assert stored(repository, ["ada/004.jpg"]) == kept_before
    assert repository.run(listed) == ""
    for commit in experiments:
        repository.run(f"git cat-file -e {commit}", expect=1)
    assert repository.run("git status --porcelain") == ""
    assert repository.run("git log -1 --format=%s") == "Forget 3 examples\n"
    repository.run("dvc status -q && dvc push -q")

    # The same photo under another name stays out, and nothing is left to do.
    (people / "ada/again.jpg").write_bytes((people / "ada/003.jpg").read_bytes())
    repository.run("dvc repro --force --single-item ingest")
    assert '"opted_out": 4' in (repository.path / "reports/ingest.json").read_text()
    assert holders(repository, images, [*FORGOTTEN, "ada/again.jpg"]) == []
    repository.commit("one more")
    said = repository.run(f"{FORGET} --ids {FORGOTTEN[0]} --yes")
    assert "Found: nothing." in said
    assert (repository.path / "data/optout/people.csv").read_text() == tombstones


@pytest.mark.slow  # a minute, most of it to build what is forgotten
def test_killed_half_way_it_is_finished_by_the_next_run(repository):
    images = stored(repository, FORGOTTEN)
    digest = hashlib.sha256(images[0]).hexdigest()  # which no shard has
    listed = sorted((repository.path.parent / "store/files").rglob("*"))
    process = subprocess.Popen(
        f"exec {FORGET} --ids {digest} {FORGOTTEN[1]} --no-rebuild --models --yes",
        shell=True,
        cwd=repository.path,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
    while all(path.exists() for path in listed) and process.poll() is None:
        time.sleep(0.0001)
    process.send_signal(signal.SIGKILL)
    process.wait()

    said = repository.run(f"{FORGET} --no-rebuild --models --yes", expect=None)
    if process.returncode == 0:  # it was faster than the signal
        assert said.startswith("ERROR no ids are given")
    else:
        assert "Found: nothing." in said
        assert "3 examples" in said
        assert "- erased in the workspace and not rebuilt: data/raw, " in said
        assert "- trained on them, and erased: " in said
    assert holders(repository, images, [*FORGOTTEN, COPY]) == []
    assert not (repository.path / ".groundwork/forgetting.json").exists()
    assert not (repository.path / "data/raw").exists()
    changed = repository.run("git status --porcelain").splitlines()
    reports = [line for line in changed if line.startswith(" D reports/")]  # that named them
    assert [line for line in changed if line not in reports] == [
        " M data/reviews/people.csv",
        "?? data/optout/people.csv",
    ]


@pytest.mark.slow  # 15 s
def test_a_fresh_clone_erases_what_only_the_remote_has(repository):
    """And from a bucket on S3 beside it, with files in the workspace that are not its own."""
    from moto.server import ThreadedMotoServer

    images = stored(repository, FORGOTTEN)
    source = (repository.path.parent / "people" / FORGOTTEN[0]).read_bytes()
    repository.run("git clone -q . ../fresh")
    fresh = Repository(repository.path.parent / "fresh")
    (fresh.path / "desk").mkdir()
    (fresh.path / "desk/portrait.jpg").write_bytes(source)
    shutil.copy(repository.path.parent / "said.csv", fresh.path)
    entry = fresh.path / "data/catalog/people.yaml"
    entry.write_text(entry.read_text().replace("../said.csv", "said.csv"))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    env = keys | {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    bucket = (
        "import boto3; s3 = boto3.client('s3'); "
        "[print(o['Key']) for o in s3.list_objects_v2(Bucket='bucket').get('Contents', [])]"
    )
    try:
        fresh.run(
            "python -c \"import boto3; boto3.client('s3').create_bucket(Bucket='bucket')\"", env=env
        )
        repository.run(
            "dvc remote add s3 s3://bucket/dvc && dvc push -q -r s3 --run-cache", env=env
        )
        fresh.run("dvc remote add --local s3 s3://bucket/dvc")
        held = fresh.run(f'python -c "{bucket}"', env=env).split()
        said = fresh.run(f"{FORGET} --ids {IDS} --no-rebuild --yes", env=env)
        left = fresh.run(f'python -c "{bucket}"', env=env).split()
        fresh.commit("forgotten")
        again = fresh.run(f"{FORGET} --ids {IDS} --no-rebuild --yes", env=env)
    finally:
        server.stop()
    names = {
        path.relative_to(repository.path.parent / "store").as_posix()
        for path in (repository.path.parent / "store").rglob("*")
        if path.is_file()
    }
    assert 0 < len(left) < len(held)
    assert {key.removeprefix("dvc/") for key in left} == names  # the folder has the same left
    assert not [
        p
        for p in (repository.path.parent / "store").rglob("*")
        if p.is_file() and any(image in p.read_bytes() for image in images)
    ]
    assert "Found: nothing." in said
    assert "- the source itself, ../people and said.csv: its owner must delete them there" in said
    assert "- files of the workspace that people put there: 2\n" in said
    assert "Not made by the pipeline, and has them: desk/portrait.jpg" in said
    assert "Not made by the pipeline, and has them: said.csv" in said
    assert "Found: nothing." in again
    assert "their data is in no store, so it cannot be said" in again


@pytest.mark.slow  # 10 s
def test_other_datasets_stay(repository):
    """An id that another dataset uses too; and an experiment that is about that dataset."""
    (repository.path / "data/catalog/others.yaml").write_text(
        "uri: ../others\nlicense: CC-BY-4.0\nclasses: [ada, bob]\n"
    )
    for name in [f"{who}/{number:03d}.jpg" for who in ("ada", "bob") for number in range(30)]:
        path = repository.path.parent / "others" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo(int(name[4:7]) + 1000, ["ada", "bob"].index(name[:3])))
    repository.set_params({"dataset": "others"})
    repository.run("dvc repro ingest && dvc push -q")
    repository.commit("others")
    raw = repository.digests("data/raw")
    images = stored(repository, ["ada/003.jpg"])
    said = repository.run(f"{FORGET} --dataset people --ids {IDS} --yes --commit")
    assert "Found: nothing." in said
    assert repository.digests("data/raw") == raw
    repository.run("rm -r data/raw .dvc/cache && dvc pull -q data/raw")  # the remote has it still
    assert repository.digests("data/raw") == raw
    assert stored(repository, ["ada/003.jpg"]) == images


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A clone that no test changes."""
    return make_clone(tmp_path_factory.mktemp("refused") / "clone")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "ERROR no ids are given | fix: name them: --ids ID, or --ids-file FILE\n"),
        (
            "--ids nobody.jpg --yes",
            "ERROR 1 of 1 ids are nowhere in data/raw, the cache or a remote, first: nobody.jpg "
            "| fix: check them (data/raw has ids and digests), or add --allow-unknown to keep "
            "them out of the future at least\n",
        ),
        slow("--ids a --dataset nothing", "ERROR dataset is 'nothing', but data/catalog/nothing"),
        slow("--ids-file nowhere.txt", "ERROR nowhere.txt cannot be read: "),
    ],
)
def test_what_it_refuses(untouched, arguments, message):
    assert untouched.run(f"{FORGET} {arguments}", expect=1).startswith(message)
    assert untouched.run("git status --porcelain") == ""


@pytest.mark.slow  # 30 s
def test_it_waits_for_no_one(repository):
    said = repository.run(f"{FORGET} --ids {IDS}", expect=1)
    assert said.endswith("ERROR nobody is there to confirm this | fix: add --yes\n")

    held = (
        f'{{"write": {{"data/raw": {{"pid": {os.getpid()}, "cmd": "dvc repro"}}}}, "read": {{}}}}'
    )
    (repository.path / ".dvc/tmp/rwlock").write_text(held)
    said = repository.run(f"{FORGET} --ids {IDS} --yes", expect=1)
    assert f"ERROR DVC is at work in this repository: dvc repro ({os.getpid()}) | fix: " in said
    (repository.path / ".dvc/tmp/rwlock").unlink()

    (repository.path / "dvc.lock").write_text("\n", encoding="utf-8")
    said = repository.run(f"{FORGET} --ids {IDS} --yes", expect=1)
    assert "ERROR dvc.lock has changes that are not committed, and this command may" in said

    repository.run("git checkout -q dvc.lock && dvc remote modify store url s3://nowhere/x")
    said = repository.run(
        f"{FORGET} --ids {IDS} --yes", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, expect=1
    )
    assert "ERROR the remote store does not work at nowhere/x: " in said
    assert repository.run("git status --porcelain") == " M .dvc/config\n"
