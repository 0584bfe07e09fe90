"""`use` makes params.yaml ready for a dataset: whole, said key by key, or not at all."""

import pytest
from ruamel.yaml import YAML

from pipeline.commands.use.__main__ import KEPT, differences
from pipeline.commands.use.params_text import values_of
from pipeline.commands.use.recipes import read_fits
from pipeline.dataset.table import make_index
from pipeline.runtime.errors import SettingsError
from tests.support.repository import ROOT, Repository, make_clone

DEFAULT, PHOTOS = "recipes/images-classes.yaml", "recipes/images-classes-small_photos.yaml"
FEW = "recipes/images-classes-few_images.yaml"
START = (ROOT / DEFAULT).read_text()
ENTRY = "uri: ../pets\nlicense: CC0-1.0\n"


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Repository:
    return make_clone(tmp_path_factory.mktemp("use") / "clone")


@pytest.fixture
def project(once) -> Repository:
    """A clone whose params.yaml is the recipe of digits, with comments of its own."""
    once.run("git checkout -q . && git clean -qfd && rm -rf data/raw")
    write(once, START.replace("epochs: 10\n", "epochs: 10  # enough\n"))
    return once


def write(repository: Repository, text: str) -> None:
    (repository.path / "params.yaml").write_text(text)


def read(repository: Repository) -> str:
    return (repository.path / "params.yaml").read_text()


def add_entry(repository: Repository, text: str, name: str = "pets") -> None:
    (repository.path / f"data/catalog/{name}.yaml").write_text(text)


def recipe_of(printed: str) -> str:
    first = printed.splitlines()[0]
    assert first.startswith("recipe: ")
    return first.removeprefix("recipe: ").split(",")[0]


def test_what_it_changes_and_says(project):
    printed = project.run("groundwork use cifar10").splitlines()
    assert printed[:2] == [
        f"recipe: {PHOTOS}, by examples 60000, image_size 32 x 32, channels 3 "
        "(data/catalog/cifar10.yaml)",
        "changed in params.yaml:",
    ]
    assert printed[-2:] == ["next:", "  dvc exp run"]
    recipe = values_of((ROOT / PHOTOS).read_text())
    assert values_of(read(project)) == recipe
    before = values_of(START)
    said = {line.split(":")[0].strip() for line in printed[2:-2]}
    assert said == {".".join(k) for k in recipe if recipe[k] != before.get(k)}
    assert "  lr: 0.001 -> 0.24" in printed
    assert "epochs: 14  # enough\n" in read(project)


def test_there_and_back_again(project):
    before = read(project)
    project.run("groundwork use cifar10")
    assert recipe_of(project.run("groundwork use digits")) == DEFAULT
    after = read(project)
    assert after == before
    assert project.run("groundwork use digits").endswith(
        "params.yaml is ready for digits already\n"
    )
    assert read(project) == after


@pytest.mark.parametrize(
    ("dataset", "recipe"),
    [
        ("cifar10", PHOTOS),
        ("cifar100", PHOTOS),
        ("digits", DEFAULT),
        ("mnist", DEFAULT),  # digits are not to be mirrored
        ("fashion-mnist", DEFAULT),
    ],
)
def test_the_recipe_of_each_dataset(project, dataset, recipe):
    assert recipe_of(project.run(f"groundwork use {dataset}")) == recipe


def test_what_people_decided_and_what_suits_the_machine_stays(project):
    assert set(values_of(START)) >= KEPT
    own = {"seed": 7, "ingest": {"purpose": "research", "pseudonymise": True}}
    project.set_params(own | {"train": {"device": "cpu", "memory_mb": 900}})
    project.run("groundwork use cifar10")
    values = values_of(read(project))
    expected = values_of((ROOT / PHOTOS).read_text()) | {
        ("seed",): 7,
        ("ingest", "purpose"): "research",
        ("ingest", "pseudonymise"): True,
        ("train", "device"): "cpu",
        ("train", "memory_mb"): 900,
    }
    assert values == expected


def test_from_any_folder(project):
    Repository(project.path / "docs").run("groundwork use mnist")
    assert values_of(read(project))[("dataset",)] == "mnist"


def test_an_unknown_dataset(project):
    before = read(project)
    there = ", ".join(sorted(path.stem for path in (project.path / "data/catalog").glob("*.yaml")))
    assert project.run("groundwork use ../digits", expect=1) == (
        f"ERROR data/catalog has no dataset '../digits'; there are: {there} "
        "| fix: name one of these, or bring your data: groundwork add NAME PATH\n"
    )
    assert read(project) == before


def test_an_entry_as_add_writes_it(project):
    many = "# 50000 examples, 40 x 30 to 48 x 48 pixels, 3 channels; 40000 train, 10000 test\n"
    add_entry(project, many + ENTRY)
    assert recipe_of(project.run("groundwork use pets")) == PHOTOS
    add_entry(project, many.replace("50000", "1500") + ENTRY)
    assert recipe_of(project.run("groundwork use pets")) == DEFAULT
    add_entry(project, many.replace("50000", "122") + ENTRY)
    assert recipe_of(project.run("groundwork use pets")) == FEW
    large = many.replace("48 x 48", "900 x 600")
    add_entry(project, large + ENTRY)
    assert recipe_of(project.run("groundwork use pets")) == DEFAULT
    add_entry(project, f"{large}{ENTRY}image_size: [32, 32]\n")  # what training sees
    assert recipe_of(project.run("groundwork use pets")) == PHOTOS


def test_what_cannot_be_told_is_said(project):
    add_entry(project, "# 50000 examples, all 32 x 32 pixels\n" + ENTRY)
    assert project.run("groundwork use pets").splitlines()[0] == (
        f"recipe: {DEFAULT}, by examples 50000, image_size 32 x 32 (data/catalog/pets.yaml); "
        "--recipe images-classes-small_photos may suit them better"
    )


def test_the_number_of_items_chooses_the_model(project):
    entry = "uri: events.csv\nlicense: CC0-1.0\nmodality: interactions\ntarget: ranking\n"
    for number, recipe in ((80, "ranking"), (30_000, "ranking-many_items")):
        add_entry(project, f"# 9000 examples, at most 30 of one user, {number} items\n{entry}")
        assert project.run("groundwork use pets").splitlines()[0] == (
            f"recipe: recipes/interactions-{recipe}.yaml, by examples 9000, num_items {number} "
            "(data/catalog/pets.yaml)"
        )


def test_without_a_look_the_recipe_stays(project):
    add_entry(project, ENTRY)
    printed = project.run("groundwork use pets")
    assert printed == (
        "recipe: that of params.yaml stays, since data/catalog/pets.yaml does not say what the "
        "data are like, and data/raw has others; --recipe images-classes-few_images or "
        "images-classes-small_photos may suit them better\nchanged in params.yaml:\n"
        "  dataset: digits -> pets\nnext:\n  dvc exp run\n"
    )
    project.run("rm params.yaml")
    assert recipe_of(project.run("groundwork use pets")) == DEFAULT
    assert values_of(read(project)) == values_of(START) | {("dataset",): "pets"}


def test_the_last_ingest_knows_best(project):
    add_entry(project, "# 50000 examples, all 32 x 32 pixels, 3 channels\n" + ENTRY)
    raw = project.path / "data/raw"
    raw.mkdir()
    content = {"image_size": [32, 32], "channels": 1}
    make_index(raw, dataset="pets", examples=60000, content=content)
    printed = project.run("groundwork use pets")
    assert printed.startswith(
        f"recipe: {DEFAULT}, by examples 60000, image_size 32 x 32, channels 1 "
        "(data/raw/index.json)"
    )
    make_index(raw, dataset="dogs", examples=60000, content=content)
    assert recipe_of(project.run("groundwork use pets")) == PHOTOS
    (raw / "index.json").write_text("{")
    assert recipe_of(project.run("groundwork use pets")) == PHOTOS


def test_a_recipe_by_name(project):
    for name in ("small_photos", "images-classes-small_photos", PHOTOS):
        assert project.run(f"groundwork use digits --recipe {name}").startswith(
            f"recipe: {PHOTOS}, as you say\n"
        )
        assert values_of(read(project))[("model",)] == "whitened_cnn"
        project.run("groundwork use digits")
    before = read(project)
    assert project.run("groundwork use digits --recipe photos", expect=1) == (
        "ERROR there is no recipe 'photos' for these data "
        "| fix: name one of images-classes-few_images, images-classes-small_photos, "
        "images-classes\n"
    )
    assert read(project) == before


def test_keep(project):
    project.set_params({"lr": 0.5})
    printed = project.run("groundwork use cifar10 --keep")
    assert printed.splitlines()[1:3] == ["changed in params.yaml:", "  dataset: digits -> cifar10"]
    assert values_of(read(project))[("lr",)] == 0.5
    write(project, read(project).replace("modality: images", "modality: sounds"))
    assert project.run("groundwork use cifar10 --keep", expect=1) == (
        "ERROR the settings of params.yaml are of another kind of data than cifar10 "
        "| fix: groundwork use cifar10, without --keep\n"
    )
    project.run("groundwork use cifar10")
    assert values_of(read(project))[("modality",)] == "images"


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("lr: 0.24", "lr: -1", "params.yaml: lr must be greater than 0, found -1"),
        ("lr: 0.24", "lrr: 1", "lrr"),
    ],
)
def test_nothing_is_written_that_stages_would_refuse(project, before, after, error):
    recipe = project.path / PHOTOS
    recipe.write_text(recipe.read_text().replace(before, after))
    text = read(project)
    printed = project.run("groundwork use cifar10", expect=1)
    assert printed.startswith("ERROR ")
    assert error in printed
    assert read(project) == text
    assert not [*project.path.glob("*.partial")]


@pytest.mark.parametrize("line", ["dataset: [", "- a\n", "dataset: digits\ndataset: digits\n"])
def test_a_broken_params_yaml(project, line):
    write(project, line)
    assert project.run("groundwork use digits", expect=1).startswith("ERROR params.yaml ")
    assert read(project) == line


def test_a_kind_without_a_recipe(project):
    (project.path / DEFAULT).unlink()
    assert project.run("groundwork use digits", expect=1) == (
        "ERROR there is no recipe for images of classes: recipes/images-classes.yaml does not "
        "exist | fix: write recipes/images-classes.yaml, a whole params.yaml\n"
    )


def test_an_entry_of_no_modality_that_there_is(project):
    add_entry(project, f"{ENTRY}modality: sounds\n")
    assert "sounds" in project.run("groundwork use pets", expect=1)


def test_the_names_of_recipes_are_their_kinds():
    for path in (ROOT / "recipes").glob("*-*.yaml"):
        values = YAML(typ="safe").load(path.read_text())
        assert path.stem.split("-")[:2] == [values["modality"], values["target"]]
        is_variant = path.stem.count("-") > 1
        assert bool(read_fits(path)) == is_variant


@pytest.mark.parametrize("text", ["[", "{a: 1}", "{a: [1]}", "{a: [b, c]}", "3"])
def test_ranges_that_are_none(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(f"# fits: {text}\nlr: 1\n")
    with pytest.raises(SettingsError, match=r"must be \{quantity: "):
        read_fits(path)


def test_differences_say_what_is_new_and_what_is_gone():
    before = {("model",): "resnet", ("train", "views"): "original", ("seed",): 0}
    after = {("model",): "linear", ("seed",): 0, ("augment", "encodings"): ["ngrams"]}
    assert list(differences(before, after)) == [
        "model: resnet -> linear",
        'augment.encodings: ["ngrams"] (new)',
        "removed, as this kind of data has no use for them: train.views",
    ]
