"""What a stage reads must be there, whole, and the same until it is done."""

import os

import pytest

from tests.support.stage_project import NEW_OUTPUTS, WRITE_OUTPUTS, Project, project

__all__ = ["project"]  # a fixture


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        ("Path('notes.txt').write_text('hallo')", "notes.txt"),
        ("Path('notes.txt').unlink()", "notes.txt"),
        ("Path('data/raw/train.csv').write_text('1,3')", "data/raw/train.csv"),
        ("Path('data/raw/train.csv').unlink()", "data/raw/train.csv"),
        ("Path('data/raw/more.csv').write_text('4,5')", "data/raw/more.csv"),
        ("Path('data/catalog/digits.yaml').write_text('uri: a')", "data/catalog/digits.yaml"),
        (
            "params = Path('params.yaml').read_text()\n"
            "Path('params.yaml').write_text(params.replace('lr: ', 'lr: 0.5 #'))",
            "params.yaml: lr",
        ),
        (
            "params = Path('params.yaml').read_text()\n"
            "Path('params.yaml').write_text(params.replace('patience: ', 'patience: 99 #'))",
            "params.yaml: train",
        ),
    ],
    ids=["edited", "deleted", "edited within", "deleted within", "added", "catalog", "lr", "train"],
)
def test_an_input_that_changes_meanwhile_is_refused(project, edit, changed):
    assert project.run(WRITE_OUTPUTS + edit) == (
        1,
        "",
        f"ERROR {changed} changed while train ran: the result is of neither version"
        " | fix: run it again: dvc repro\n",
    )
    project.assert_untouched()


def test_a_large_input_that_changes_meanwhile_is_refused(project):
    (project.path / "data/raw/large.bin").write_bytes(bytes(5 << 20))
    edit = "with open('data/raw/large.bin', 'r+b') as file: file.write(b'1')"
    status, _, err = project.run(WRITE_OUTPUTS + edit)
    assert status == 1
    assert err.startswith("ERROR data/raw/large.bin changed while train ran")
    project.assert_untouched()


def test_what_the_stage_does_not_read_may_change_meanwhile(project):
    edit = (
        "Path('README.md').write_text('new')\n"
        "params = Path('params.yaml').read_text()\n"
        "Path('params.yaml').write_text(params.replace('batch_size: ', 'batch_size: 7 #'))"
    )
    assert project.run(WRITE_OUTPUTS + edit) == (0, "", "")
    assert project.files("models", "reports") == NEW_OUTPUTS


def test_a_missing_input_names_the_command_that_makes_it(project):
    (project.path / "data/raw").rename(project.path / "elsewhere")
    assert project.run() == (
        1,
        "",
        "ERROR data/raw does not exist; train reads it | fix: make it: dvc repro ingest\n",
    )
    project.assert_untouched()


def test_a_missing_input_that_no_stage_makes(project):
    (project.path / "notes.txt").unlink()
    assert project.run() == (
        1,
        "",
        "ERROR notes.txt does not exist; train reads it | fix: is the checkout complete?\n",
    )
    project.assert_untouched()


def test_a_half_written_folder_is_refused(project):
    (project.path / "data/raw/index.json").unlink()
    assert project.run() == (
        1,
        "",
        "ERROR data/raw has no index.json, so it was only half written"
        " | fix: make it again: dvc repro --force --single-item ingest\n",
    )
    project.assert_untouched()


def digest(project: Project) -> str:
    status, out, err = project.run("print(stage.inputs_digest())\n" + WRITE_OUTPUTS)
    assert (status, err) == (0, "")
    assert len(bytes.fromhex(out)) == 32
    return out


def test_the_digest_of_the_inputs_follows_what_the_stage_reads_and_nothing_else(project):
    first = digest(project)
    os.utime(project.path / "notes.txt", (0, 0))
    project.write({"README.md": "new", "data/catalog/pets.yaml": "uri: b"})
    assert digest(project) == first

    seen = {first}
    params = project.read("params.yaml")
    for change in (
        {"notes.txt": "hallo"},
        {"data/raw/more.csv": "4,5"},
        {"data/catalog/digits.yaml": "uri: a"},
        {"params.yaml": params.replace("lr: ", "lr: 0.5 #")},
        {"params.yaml": params.replace("patience: ", "patience: 99 #")},
    ):
        project.write(change)
        seen.add(digest(project))
    assert len(seen) == 6


def test_the_digest_follows_an_index_however_large(project):
    index = {"data/raw/index.json": '"' + "a" * (5 << 20) + '"'}
    project.write(index)
    first = digest(project)
    project.write({"data/raw/index.json": index["data/raw/index.json"].replace("aa", "ab", 1)})
    assert digest(project) != first
