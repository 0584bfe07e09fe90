"""Tags are those of GTO: what is written here GTO reads, and what GTO writes is read here."""

import pytest
from gto.tag import parse_name

from pipeline.runtime.errors import ServingError
from pipeline.serving.releases.tags import (
    STAGE,
    VERSION,
    Tag,
    next_stage_tag,
    next_version,
    read_tags,
    releases_of,
    stack_of,
    verify,
    write_tag,
)
from tests.support.repository import Repository, environment


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Repository:
    for name, value in environment().items():
        if name.startswith("GIT_"):
            monkeypatch.setenv(name, value)
    made = Repository(tmp_path)
    made.run("git init -q -b main && git commit -q --allow-empty -m one")
    made.run("git commit -q --allow-empty -m two && git commit -q --allow-empty -m three")
    return made


def tag(name: str, commit: str) -> Tag:
    return Tag(name, commit, 0, "")


NAMES = ["classifier@v1.2.0", "a/b-c@v0.0.1-rc.1", "classifier#production#7", "m#dev!#12"]
NAMES += ["m@v1.0.0!", "classifier@1.0", "classifier#prod uction#1", "classifier", "@v1.0.0"]
NAMES += ["m@deprecated", "é@v1.0.0"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_read_as_gto_reads_them(name):
    try:
        parsed = parse_name(name)
    except Exception:
        parsed = {}
    version, stage = VERSION.fullmatch(name), STAGE.fullmatch(name)
    if str(parsed.get("action")) == "Action.REGISTER":
        assert version
        assert (version["artifact"], version["version"]) == (parsed["name"], parsed["version"])
    elif str(parsed.get("action")) in ("Action.ASSIGN", "Action.UNASSIGN"):
        assert stage
        assert (stage["artifact"], stage["stage"]) == (parsed["name"], parsed["stage"])
        assert int(stage["number"]) == parsed["counter"]
        assert bool(stage["cancel"]) == name.count("!")
    else:
        assert not version
        assert not stage


@pytest.mark.slow
def test_what_gto_writes_is_read(repository):
    for number, commit in enumerate(("HEAD~2", "HEAD")):
        repository.run(f"gto register m {commit} --version v{number + 1}.0.0")
        repository.run(f"gto assign m --version v{number + 1}.0.0 --stage production")
    repository.run(
        "gto assign m --version v1.0.0 --stage dev && git tag light && git tag -a -m x x"
    )
    tags = read_tags(repository.path)
    assert "light" not in [tag.name for tag in tags]
    releases = releases_of(tags, "m")
    assert [release.version for release in releases] == ["v1.0.0", "v2.0.0"]
    assert releases[0].commit == repository.run("git rev-parse HEAD~2").strip()
    assert next_version(tags, "m") == "v2.1.0"
    assert next_stage_tag(tags, "m") == "m#production#4"
    assert (next_version(tags, "other"), next_stage_tag(tags, "other")) == (
        "v1.0.0",
        "other#production#1",
    )
    repository.run("gto deprecate m v2.0.0 production")
    assert releases_of(read_tags(repository.path), "m") == []


def test_what_is_written_gto_reads_and_the_last_counts_within_a_second(repository):
    """GTO and DVC order tags by their seconds."""
    commits = repository.run("git rev-list HEAD").split()
    for number, commit in enumerate(reversed(commits), 1):
        write_tag(repository.path, f"m@v1.{number}.0", commit, f"m v1.{number}.0\n# kept\n")
        write_tag(repository.path, f"m#production#{number}", commit, "in production\n")
    tags = read_tags(repository.path)
    times = [tag.time for tag in sorted(tags, key=lambda tag: tag.time)]
    assert len(set(times)) == 6
    assert "# kept" in next(tag for tag in tags if tag.name == "m@v1.1.0").message
    assert repository.run("gto show m#production --version").split() == ["v1.3.0"]
    with pytest.raises(ServingError, match=r"tag 'm@v1\.1\.0' already exists"):
        write_tag(repository.path, "m@v1.1.0", commits[0], "again\n")


def test_going_back_takes_releases_off():
    one, two, three = (tag(f"m@v{n}.0.0", c) for n, c in ((1, "a"), (2, "b"), (3, "c")))

    def served(*commits: str) -> list[str]:
        stages = [tag(f"m#production#{n}", c) for n, c in enumerate(commits, 1)]
        return [r.version for r in stack_of(releases_of([one, two, three, *stages], "m"))]

    assert served() == []
    assert served("a", "b", "c") == ["v1.0.0", "v2.0.0", "v3.0.0"]
    assert served("a", "b", "c", "b") == ["v1.0.0", "v2.0.0"]
    assert served("a", "b", "c", "b", "a") == ["v1.0.0"]
    assert served("a", "b", "a", "c") == ["v1.0.0", "v3.0.0"]
    assert served(*"abcabcabcabc") == ["v1.0.0", "v2.0.0", "v3.0.0"], "ten comes after nine"


def test_only_what_somebody_trusted_signed_is_verified(repository, tmp_path):
    key = tmp_path / "key"
    repository.run(f"ssh-keygen -q -t ed25519 -N '' -C a@b -f {key}")
    write_tag(repository.path, "m#production#1", "HEAD", "not signed\n")
    repository.run(f"git config gpg.format ssh && git config user.signingkey {key}")
    assert write_tag(repository.path, "m#production#2", "HEAD", "signed\n")
    for number in (1, 2):
        with pytest.raises(ServingError, match=f"m#production#{number} is not signed by anybody"):
            verify(repository.path, f"m#production#{number}")
    (tmp_path / "signers").write_text(f"a@b {key.with_suffix('.pub').read_text()}")
    repository.run(f"git config gpg.ssh.allowedSignersFile {tmp_path / 'signers'}")
    verify(repository.path, "m#production#2")
    with pytest.raises(ServingError, match="is not signed by anybody"):
        verify(repository.path, "m#production#1")
