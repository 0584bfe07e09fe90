"""README.md is true: its commands run as written and print what it shows; its links work."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.runtime.settings import read_yaml
from tests.support.repository import ROOT, Repository

README = (ROOT / "README.md").read_text()
REFUSED = {"dvc exp run -S lr=-1": 255}
PAGES = ["README.md", "CONTRIBUTING.md"]
PAGES += sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))
PAGES += sorted(str(page.relative_to(ROOT)) for page in (ROOT / "pipeline").glob("*/README.md"))
LINKED = [*PAGES, "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md"]
LINKED += sorted(f"docs/decisions/{page.name}" for page in (ROOT / "docs/decisions").glob("*.md"))
LINKED += ["reports/datacard.md", "reports/modelcard.md"]
IN_GIT = "pipeline|tests|docs|benchmarks|recipes|reports"
NOT_RUN = {"make test": "this very test is run by it"}


def commands() -> list[tuple[str, list[str]]]:
    """Commands in console blocks, each with the lines that README shows as its output."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^ *```console\n(.*?)^ *```$", README, re.M | re.S):
        for line in block.splitlines():
            if line.strip().startswith("$ "):
                found.append((line.strip()[2:], []))
            elif line.strip():
                found[-1][1].append(line.strip())
    return found


def scripts() -> list[str]:
    """What shell blocks run, for which README shows no output."""
    return re.findall(r"^```sh\n(.*?)^```$", README, re.M | re.S)


def masked(line: str) -> str:
    """The line without what differs from run to run: numbers, names of experiments."""
    line = re.sub(r"(experiment '|Ran experiment\(s\): )[a-z]+-[a-z]+", r"\1NAME", line)
    return re.sub(r"\s+", " ", re.sub(r"[-+]?\d[\d.,]*", "N", line)).strip()


def make_pets(folder: Path) -> None:
    """121 photos of two classes, as phones make them, one of them twice; and half of one."""
    for number in range(120):
        random = np.random.default_rng(number)
        size = [(40, 30), (48, 48)][number % 2]
        pixels = random.integers(0, 256, (*size, 3), dtype=np.uint8)
        exif = Image.Exif()
        exif.get_ifd(0x8825)[1] = "N"
        path = folder / ["cat", "dog"][number // 60] / f"{number:02d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, exif=exif)
    shutil.copy(folder / "cat/00.jpg", folder / "cat/copy of 00.jpg")
    (folder / "dog/half.jpg").write_bytes((folder / "dog/60.jpg").read_bytes()[:-500])


@pytest.mark.slow  # a minute
def test_every_command_runs_and_prints_what_readme_shows(newcomer, tmp_path):
    clone = Repository(tmp_path / "clone")
    shutil.copytree(newcomer.repository.path, clone.path, symlinks=True)
    make_pets(tmp_path / "pets")
    listed = commands()
    assert len(listed) > 5
    assert listed[0][0] == "make run"
    for command, shown in listed:
        if command in NOT_RUN:
            continue
        if command == "make run":
            output = newcomer.printed
        else:
            output = clone.run(f"bash -c {shlex.quote(command)}", expect=REFUSED.get(command, 0))
        printed = {masked(line) for line in output.splitlines()}
        if "diff" in command:  # which metrics changed, and so the table, depends on the machine
            shown = shown[:1]
        missing = [line for line in shown if line != "..." and masked(line) not in printed]
        assert not missing, f"$ {command}\nprints no longer: {missing}\nbut\n{output}"


@pytest.mark.slow  # minutes
def test_every_script_runs(newcomer, tmp_path):
    clone = Repository(tmp_path / "clone")
    shutil.copytree(newcomer.repository.path, clone.path, symlinks=True)
    make_pets(tmp_path / "pets")
    (add,) = [command for command, _ in commands() if "groundwork add" in command]
    clone.run(add)
    clone.commit("pets")
    listed = scripts()
    assert listed
    for script in listed:
        clone.run("set -e\n" + script)
        used = re.findall(r"^groundwork use (\S+)", script, re.M)
        assert read_yaml(clone.path / "params.yaml")["dataset"] == used[-1]
        assert used[-1] in clone.run("cat reports/modelcard.md")


def test_every_make_target_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        assert set(re.findall(r"\bmake ([a-z]+)`", page.read_text())) <= targets


@pytest.mark.parametrize("page", LINKED)
def test_links_and_pictures_lead_somewhere(page):
    for target, heading in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", (ROOT / page).read_text()):
        if target.startswith("http"):
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        if heading:
            assert heading in headings(path), f"{page} links to {target}#{heading}"


def headings(page: Path) -> set[str]:
    """Headings of a page as GitHub makes addresses of them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_files_and_folders_that_a_page_names_are_there(page):
    """Those of git, from the root; code also from pipeline/, or from a modality or a target."""
    text = re.sub(r"\]\([^)]*\)", "]", (ROOT / page).read_text())  # links are tested above
    named = re.findall(r"(?<![\w./<>*-])(?:[\w.-]+/)+(?:[\w.-]+\.py\b)?(?![\w<$*])", text)
    named += re.findall(rf"(?<![\w./-])(?:{IN_GIT})/[\w./-]*[\w/](?![\w<$*])", text)
    tops = {path.name for path in (ROOT / "pipeline").iterdir() if path.is_dir()}
    tops |= set(IN_GIT.split("|"))
    beside = (ROOT / page).parent
    folders = [ROOT, ROOT / "pipeline", *(beside.glob("*/") if "pipeline" in page else [])]
    missing = [
        name
        for name in named
        if (name.split("/")[0] in tops or name.endswith(".py"))
        and not any((folder / name).exists() for folder in folders)
    ]
    assert not missing, f"{page} names what is not there"


def test_every_stage_and_catalog_key_is_documented():
    from pipeline.dataset.catalog import Entry

    page = (ROOT / "docs/bring-your-own-data.md").read_text()
    for key in Entry.model_fields:
        assert f"`{key}`" in page or f"{key}:" in page, f"{key} is not in bring-your-own-data.md"
    index = (ROOT / "docs/README.md").read_text()
    unlisted = [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index]
    assert unlisted == ["README.md"]
