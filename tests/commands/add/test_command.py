"""`add` looks at a source, writes an entry that ingest takes, and notices when the data change."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from pipeline.runtime.settings import read_yaml
from tests.support.repository import Repository, make_clone

ADD = "groundwork add"


def paint(path: Path, number: int, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """60 cats and 4 dogs of two sizes, with one of each thing that looks suspicious."""
    root = tmp_path / "pets"
    for number in range(60):
        paint(root / f"cat/{number:02d}.png", number)
    for number in range(60, 64):
        paint(root / f"dog/{number}.png", number, (20, 16))
    (root / "cat/copy.png").write_bytes((root / "cat/07.png").read_bytes())
    (root / "dog/07.png").write_bytes((root / "cat/07.png").read_bytes())
    (root / "cat/half.png").write_bytes((root / "cat/08.png").read_bytes()[:200])
    (root / "cat/note.txt").write_text("not an image")
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("L", (12, 10), 255).save(root / "cat/white.jpg", exif=exif)
    return root


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_clone(tmp_path / "clone")


def test_what_it_finds_and_writes(repository, pets):
    printed = repository.run(f"{ADD} pets {pets} --license CC0-1.0")
    assert (
        printed
        == f"""\
folders: 68 examples of 2 classes
splits of its own: none
  cat: 63
  dog: 5
sizes: 12 x 10 to 20 x 16; modes: L, RGB
suspicious:
{SUSPICIOUS}
to decide, in data/catalog/pets.yaml:
  - purposes: what may the data be used for? (ingest.purpose is what a run is for)
  - split: a tenth each will be drawn for val and test
  - image_size: training will see [10, 10]; is that enough to tell them apart?
  - groups: do several images show one person, animal or thing? A manifest can say so
  - augmentation: may images be mirrored? (augment.transforms in params.yaml)
accounted for:
  54  train
   4  val
   9  test
   1  set aside: damaged pixels: image file is truncated
   1  beside: not images: .txt
  69  in all

wrote data/catalog/pets.yaml; next:
  git add data/catalog/pets.yaml
  groundwork use pets
  dvc exp run
"""
    )
    text = (repository.path / "data/catalog/pets.yaml").read_text()
    entry = YAML(typ="safe").load(text)
    assert len(entry.pop("fingerprint")) == 64
    assert entry == {
        "uri": str(pets),
        "modality": "images",
        "target": "classes",
        "kind": "folders",
        "license": "CC0-1.0",
        "title": "pets",
        "classes": ["cat", "dog"],
        "image_size": [10, 10],
        "split": {"val": 0.1, "test": 0.1},
    }
    assert text.startswith("# 68 examples, 12 x 10 to 20 x 16 pixels, 3 channels\n")


SUSPICIOUS = """\
  - 1 image cannot be used: damaged pixels: image file is truncated
  - 2 images repeated exactly (clean removes copies)
  - 1 image repeated under another label
  - less than a tenth of the largest class: dog
  - fewer than 20 examples: dog
  - 1 image blank
  - grey and colour images are mixed; all become RGB
  - 1 of 9 test images looks like one in train or val: does one patient, scan or scene stand in \
several splits? Then the test flatters; clean removes such images from train and val, and columns: \
group: keeps them together
  - 1 image with GPS metadata (ingest removes it)
  - 1 image with EXIF metadata (ingest removes it)"""


@pytest.mark.slow  # 20 s
def test_the_entry_holds_until_the_data_change(repository, pets):
    repository.set_params({"dataset": "pets", "ingest": {"max_megapixels": 1}})
    repository.run(f"{ADD} pets {pets} --license CC0-1.0")
    repository.run("dvc repro ingest")
    assert json.loads((repository.path / "reports/ingest.json").read_text())["examples"] == 68

    before = (repository.path / "data/catalog/pets.yaml").read_text()
    paint(pets / "dog/new.png", 100)
    paint(pets / "bird/1.png", 101)
    printed = repository.run("dvc repro --force ingest", expect=255)
    line = next(line for line in printed.splitlines() if line.startswith("ERROR"))
    assert line.startswith(f"ERROR the data at {pets} are not those that the catalog entry was")
    assert line.endswith("or accept these: groundwork add pets")

    printed = repository.run(f"{ADD} pets")
    assert "70 examples of 3 classes" in printed
    assert "new labels: bird" in printed
    after = (repository.path / "data/catalog/pets.yaml").read_text()
    changed = [a for a, b in zip(after.splitlines(), before.splitlines(), strict=True) if a != b]
    assert changed[0] == "# 70 examples, 12 x 10 to 20 x 16 pixels, 3 channels"
    assert changed[1] == "classes: [cat, dog, bird]"
    assert changed[2].startswith("fingerprint: ")
    assert len(changed) == 3
    repository.run("dvc repro ingest")
    assert json.loads((repository.path / "reports/ingest.json").read_text())["examples"] == 70
    assert repository.run(f"{ADD} pets").endswith("pets.yaml is of these data already\n")


@pytest.mark.slow  # 15 s
def test_an_entry_that_names_numbers_is_looked_at_by_its_names(repository):
    folder = repository.path.parent / "numbered"
    for number in range(30):
        paint(folder / f"{number}.png", number)
    rows = "".join(f"{number}.png,{number % 2}\n" for number in range(30))
    (folder / "labels.csv").write_text("file_name,label\n" + rows)
    entry = repository.path / "data/catalog/numbered.yaml"
    entry.write_text(f"uri: {folder}\nlicense: CC0-1.0\nclasses: [cat, dog]\n")
    assert "30 examples of 2 classes" in repository.run(f"{ADD} numbered")
    written = entry.read_text()
    assert "fingerprint: " in written
    repository.set_params({"dataset": "numbered"})
    assert "ingest: 30 examples of 2 classes" in repository.run("dvc repro ingest")
    assert "is of these data already" in repository.run(f"{ADD} numbered")
    paint(folder / "30.png", 30)
    (folder / "labels.csv").write_text("file_name,label\n" + rows + "30.png,0\n")
    repository.run("dvc repro --force ingest", expect=255)
    assert "new labels" not in repository.run(f"{ADD} numbered")
    assert "classes: [cat, dog]\n" in entry.read_text()
    assert "ingest: 31 examples of 2 classes" in repository.run("dvc repro --force ingest")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "digits /data/digits",
            "ERROR data/catalog/digits.yaml exists already | fix: leave the uri out to look "
            "again, or remove the file: git rm data/catalog/digits.yaml\n",
        ),
        (
            "pets /nowhere/pets",
            "ERROR /nowhere/pets does not exist | fix: check the path\n",
        ),
        (
            "pets",
            "ERROR dataset is 'pets', but data/catalog/pets.yaml does not exist; there are: ",
        ),
        (
            "../pets /data/pets",
            "ERROR a dataset cannot be called '../pets' | fix: use letters, digits, - and _\n",
        ),
    ],
)
def test_what_it_refuses(repository, arguments, message):
    assert repository.run(f"{ADD} {arguments}", expect=1).startswith(message)
    assert repository.run("git status --porcelain") == ""


def test_an_entry_without_a_licence_says_what_is_missing(repository, pets):
    printed = repository.run(f"{ADD} pets {pets} --license 'cc by 4.0'")
    line = (
        "  - license: 'cc by 4.0' is no identifier of https://spdx.org/licenses; did you mean "
        "CC-BY-4.0?\n"
    )
    assert line in printed
    assert line in repository.run(f"{ADD} pets")
    (repository.path / "data/catalog/pets.yaml").unlink()
    printed = repository.run(f"{ADD} pets {pets}")
    assert (
        "  - license: under which terms do you hold the data? Nothing is ingested with" in printed
    )
    repository.set_params({"dataset": "pets"})
    printed = repository.run("dvc repro ingest", expect=255)
    assert "ERROR data/catalog/pets.yaml: key license is missing" in printed


def test_a_column_is_named_in_the_command(repository, tmp_path):
    lines = [f"{n},{n % 7},{'yes' if n % 3 else 'no'}" for n in range(60)]
    (tmp_path / "visits.csv").write_text("\n".join(["age,pulse,ill", *lines]) + "\n")
    command = f"{ADD} visits {tmp_path / 'visits.csv'} --license CC0-1.0 --modality tables"
    message = repository.run(command, expect=1)
    assert message.endswith("| fix: name the one to be predicted with --column label=COLUMN\n")
    message = repository.run(f"{command} --column labl=ill", expect=1)
    assert message.endswith("visits.yaml: unknown key columns.labl | fix: did you mean label?\n")
    message = repository.run(f"{command} --column label=nope", expect=1)
    assert message.endswith("| fix: correct --column label=COLUMN\n")
    assert "ROLE=NAME" in repository.run(f"{command} --column ill", expect=2)
    assert "60 examples of 2 classes" in repository.run(f"{command} --column label=ill")
    entry = read_yaml(repository.path / "data/catalog/visits.yaml")
    assert entry["columns"]["label"] == "ill"
    message = repository.run(f"{ADD} visits --column label=pulse", expect=1)
    assert message.endswith("| fix: write the column below columns: in data/catalog/visits.yaml\n")


def test_a_table_of_another_kind_than_params_yaml_says(repository, tmp_path):
    lines = [f"the parcel number {n} is late,post\nplease refund bill {n},money" for n in range(30)]
    (tmp_path / "tickets.csv").write_text("message,queue\n" + "\n".join(lines) + "\n")
    command = f"{ADD} tickets {tmp_path / 'tickets.csv'} --license CC0-1.0"
    refusal = repository.run(command, expect=1)
    assert refusal.endswith(
        "; or where a row is an example itself, say of what kind: --modality text\n"
    )
    assert "texts: 60 examples of 2 classes" in repository.run(f"{command} --modality text")
    entry = read_yaml(repository.path / "data/catalog/tickets.yaml")
    assert (entry["modality"], entry["target"]) == ("text", "classes")
    assert "of these data already" in repository.run(f"{ADD} tickets")  # params.yaml stays as it is
    other = command.replace("tickets", "others", 1)
    message = repository.run(f"{other} --modality text --target ranking", expect=1)
    assert "there is no recipe for modality text and target ranking" in message


@pytest.mark.parametrize("value", ["[null]", "{a: 1}", "7"])
def test_a_modality_that_is_no_name_is_refused_in_one_line(repository, pets, value):
    entry = repository.path / "data/catalog/pets.yaml"
    entry.write_text(f"uri: {pets}\nlicense: CC0-1.0\nmodality: {value}\n")
    printed = repository.run(f"{ADD} pets", expect=1)
    assert printed.startswith("ERROR data/catalog/pets.yaml")
    assert printed.count("\n") == 1


def test_the_start_of_paths_of_another_machine_is_named_in_the_command(repository, pets):
    table = pets / "elsewhere.csv"
    names = sorted(path.relative_to(pets).as_posix() for path in pets.rglob("*.png"))
    rows = [f"/content/My Drive/{name},{name.split('/')[0]}" for name in names]
    table.write_text("\n".join(["path,label", *rows]) + "\n")
    printed = repository.run(f"{ADD} pets {table} --license CC0-1.0", expect=1)
    option = "--column strip='/content/My Drive/'"
    assert f" | fix: add {option};" in printed
    printed = repository.run(f"{ADD} pets {table} --license CC0-1.0 {option}")
    assert printed.startswith(f"manifest: {len(names)} examples of 2 classes\n")
