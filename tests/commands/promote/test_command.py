"""`promote` in real repositories of git and DVC, with real servers, and GTO to read the tags."""

import hashlib
import shutil
import threading
from pathlib import Path

import pytest

from tests.support.repository import ROOT
from tests.support.serving import serving, write_model


def verdicts(out: str) -> dict[str, str]:
    """By check."""
    lines = [line for line in out.splitlines() if line.startswith("  ")]
    return {line[2:19].strip(): line[20:33].strip() for line in lines}


def test_from_the_first_release_to_the_way_back(project, ask, tmp_path):
    """The first wins against the baseline, the second against the first; then back, twice."""
    status, out, err = ask("good")
    assert (status, err) == (0, "")
    assert out.startswith("promote: good (")
    assert verdicts(out) == {"baseline": "PASS", "served copy": "PASS"}
    assert "200 of 200 answers over HTTP as evaluate has them" in out
    assert "tagged classifier@v1.0.0 and classifier#production#1, not signed" in out

    status, out, _ = ask()
    assert status == 0
    assert verdicts(out) == {
        "test split": "PASS",
        "worst label": "PASS",
        "slices": "PASS",
        "labelled traffic": "-",
        "served copy": "PASS",
    }
    assert "tagged classifier@v1.1.0 and classifier#production#2" in out
    assert "no remote is set up" in out
    assert "next: git push origin 'classifier@v1.1.0' 'classifier#production#2'" in out
    message = project.run("git tag -l --format='%(contents)' 'classifier@v1.1.0'")
    assert "test split: PASS, accuracy 0." in message

    # Who follows the stage gets these bytes; GTO reads the tags as its own.
    get = f"dvc artifacts get {project.path} classifier --stage production -o"
    project.run(f"{get} {tmp_path / 'second'}")
    best = project.digests("models/serving")
    assert files(tmp_path / "second") == {Path(name).name: d for name, d in best.items()}
    assert project.run("gto show 'classifier#production' --version").split() == ["v1.1.0"]
    assert project.run("gto check-ref 'classifier#production#2'").startswith("✅")

    assert ask() == (0, "promote: v1.1.0 serves in production already\n", "")
    status, out, err = ask("--rollback")
    assert (status, err) == (0, "")
    assert out.startswith("promote: production is v1.0.0 again, after v1.1.0 (classifier#prod")
    project.run(f"{get} {tmp_path / 'third'}")
    project.run("git checkout -q good && dvc checkout -q")
    good = project.digests("models/serving")
    assert good != best
    assert files(tmp_path / "third") == {Path(name).name: d for name, d in good.items()}
    status, _, err = ask("--rollback")
    assert status == 1
    assert err.startswith("ERROR there is nothing to go back to: only v1.0.0 served in production")

    # What was taken back may come again, under its version.
    status, out, _ = ask("main")
    assert status == 0
    assert "tagged classifier@v1.1.0 and classifier#production#4" in out


def files(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_what_does_not_win_is_not_tagged(project, ask):
    ask("good")
    status, out, _ = ask("poor")
    assert status == 1
    assert verdicts(out)["test split"] == "FAIL"
    assert "promote: FAIL: it loses by test split" in out
    project.add_run("alike", 0.1001)
    status, out, _ = ask()
    assert status == 1
    assert verdicts(out)["test split"] == "INCONCLUSIVE"
    assert "INCONCLUSIVE: it does not surely win by test split; --not-worse takes" in out
    assert project.tags() == ["classifier#production#1", "classifier@v1.0.0"]
    status, out, _ = ask("--not-worse", "--dry-run")
    assert (status, verdicts(out)["test split"]) == (0, "PASS")
    assert project.tags() == ["classifier#production#1", "classifier@v1.0.0"]


def test_the_first_has_to_win_against_the_baseline(project, ask):
    for against, verdict in (("worse", "FAIL"), ("not surely", "INCONCLUSIVE")):
        project.add_run(against, 0.2, against_baseline=against)
        status, out, _ = ask()
        assert (status, verdicts(out)["baseline"]) == (1, verdict)
    status, _, err = ask("--by-traffic")
    assert (status, err) == (
        1,
        "ERROR nothing serves in production yet, so there is no other model to compare on traffic "
        "| fix: leave out --by-traffic\n",
    )
    assert project.tags() == []


def test_tags_are_signed_where_git_has_a_key(project, ask, tmp_path):
    key = tmp_path / "key"
    project.run(f"ssh-keygen -q -t ed25519 -N '' -C test@example.org -f {key}")
    (tmp_path / "signers").write_text(f"test@example.org {Path(f'{key}.pub').read_text()}")
    project.run(
        f"git config gpg.format ssh && git config user.signingkey {key} && "
        f"git config gpg.ssh.allowedSignersFile {tmp_path / 'signers'}"
    )
    _, out, _ = ask("good")
    assert "classifier#production#1, signed" in out
    project.run("git verify-tag classifier@v1.0.0 && git verify-tag 'classifier#production#1'")
    project.run(f"git config user.signingkey {tmp_path / 'gone'}")
    status, out, err = ask("best")
    assert status == 1, out
    assert err.startswith("ERROR git cannot sign with its user.signingkey | fix: ")
    assert len(project.tags()) == 2


def test_what_is_not_whole_is_refused(project, ask, tmp_path):
    """Nothing of it is tagged."""

    def refused(line: str) -> None:
        status, _, err = ask()
        assert status == 1
        assert err.startswith(f"ERROR {line}"), err

    (project.path / "dvc.yaml").write_text((project.path / "dvc.yaml").read_text() + "# edited\n")
    refused("dvc.yaml differ from the last commit, and a tag is of a commit | fix: git commit")
    project.run("git checkout -q dvc.yaml")

    project.run(f"dvc remote add -q --default store {tmp_path / 'store'}")
    project.run("git commit -qam 'a remote'")
    refused("8 files of models/serving and data/evaluation are not in the remote, where servers")
    project.run("dvc push -q models/serving data/evaluation")
    assert ask("--dry-run")[0] == 0

    write_model(project.path / "models/serving", 5)
    project.run("dvc commit -q -f export && git commit -qam 'another model'")
    refused("data/evaluation of ")
    project.run("git reset -q --hard HEAD~1 && rm -rf .dvc/cache models/serving")
    shutil.rmtree(tmp_path / "store")
    refused("models/serving of ")

    (project.path / "dvc.yaml").write_text("stages: {}\n")
    project.run("git commit -qam 'no artifact'")
    refused("dvc.yaml of ")
    assert project.tags() == []


@pytest.mark.slow
def test_a_model_that_is_served_otherwise_than_evaluated_is_refused(project, ask):
    """Its predictions are of another model, as after a change of what decodes."""
    project.run("git checkout -q best && cp -r data/evaluation best")
    project.add_run("swapped", 0.3)
    project.run("rm -r data/evaluation && mv best data/evaluation && dvc commit -q -f evaluate")
    project.commit("predictions of another")
    status, out, _ = ask()
    assert (status, verdicts(out)["served copy"]) == (1, "FAIL")
    assert project.tags() == []


@pytest.mark.slow
def test_other_labels_are_another_service(project, ask):
    ask("good")
    write_model(project.path / "other", classes=["cat", "dog", "emu"])
    project.add_run("other labels", 0.0)
    project.run("rm -r models/serving && mv other models/serving && dvc commit -q -f")
    project.commit("other labels")
    status, out, _ = ask()
    assert (status, verdicts(out)["served copy"]) == (1, "FAIL")
    assert "it has other labels than what serves, which clients know" in out


@pytest.mark.slow
def test_labelled_traffic_counts(project, ask, monkeypatch):
    """What serves got traffic whose labels say that the candidate is wrong there."""
    ask("good")
    project.run("git checkout -q good && dvc checkout -q")
    truth = project.answers(project.path / "truth").argmax(1)
    good = project.answers(project.path / "models/serving").argmax(1)
    disagree = [n for n in range(len(truth)) if truth[n] != good[n]][:12]
    with serving(project.path, "--keep-contents", "7") as running:
        for n in disagree:
            _, answer = running.ask_json("POST", "/predict", project.contents[n])
            label = answer["class"]  # as if what serves were always right
            status, _ = running.ask_json("POST", "/feedback", {"id": answer["id"], "label": label})
            assert status == 200
        running.end()
    status, out, _ = ask("best")
    assert (status, verdicts(out)["labelled traffic"]) == (1, "FAIL")
    assert f"better on 0, worse on {len(disagree)} of {len(disagree)} examples" in out
    assert verdicts(out)["test split"] == "PASS"


@pytest.mark.slow
def test_two_at_once_are_one_after_the_other(project):
    """The second is judged against the outcome of the first, or finds that it serves."""
    command = f"PYTHONPATH={ROOT} python -m pipeline.commands.promote best"
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(project.run(command))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("tagged classifier@v1.0.0" in text for text in said) == 1
    assert sum("v1.0.0 serves in production already" in text for text in said) == 1
    assert project.tags() == ["classifier#production#1", "classifier@v1.0.0"]
