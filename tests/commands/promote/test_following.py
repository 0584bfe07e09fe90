"""A server that follows the stage of a repository, and what it refuses."""

import shutil
import sys
from pathlib import Path

import pytest

from pipeline.serving.model import open_model
from pipeline.serving.releases.tags import read_tags
from tests.support.repository import ROOT
from tests.support.serving import serving


def digests(project) -> dict[str, str]:
    """Versions that servers name, by branch."""
    found = {}
    for branch in ("good", "best"):
        project.run(f"git checkout -q {branch} && dvc checkout -q")
        found[branch] = open_model(project.path / "models/serving").version
    return found


def served_by(server) -> str:
    return server.ask_json("GET", "/v2/models/model")[1]["versions"][0]


@pytest.mark.slow  # 10 s
def test_a_server_follows_promotions_and_the_way_back(project, ask, tmp_path):
    """Without a restart; a repository that is gone for a while takes nothing away."""
    version = digests(project)
    assert ask("good")[0] == 0
    with serving(tmp_path, "--follow", str(project.path)) as server:
        assert served_by(server) == version["good"]
        assert "serve: production is v1.0.0" in "".join(server.lines)
        assert ask("best")[0] == 0
        server.process.send_signal(1)
        server.wait_for(f"serve: {version['best']} in place of {version['good']}")
        assert served_by(server) == version["best"]
        project.path.rename(project.path.with_name("away"))
        server.process.send_signal(1)
        server.wait_for("serve: production cannot be followed: ERROR git fetch fails: ")
        assert served_by(server) == version["best"]
        project.path.with_name("away").rename(project.path)
        assert ask("--rollback")[0] == 0
        server.process.send_signal(1)
        server.wait_for(f"serve: {version['good']} in place of {version['best']}")
        assert served_by(server) == version["good"]
        assert server.end() == 0
    (place,) = (tmp_path / ".groundwork/releases").iterdir()
    assert len(list(place.glob("release-*"))) == 2


@pytest.mark.slow
def test_a_server_starts_again_without_the_repository(project, ask, tmp_path):
    ask("good")
    with serving(tmp_path, "--follow", str(project.path)) as server:
        version = served_by(server)
    project.path.rename(project.path.with_name("away"))
    with serving(tmp_path, "--follow", str(project.path)) as server:
        assert served_by(server) == version
        server.wait_for("serve: production cannot be followed")


@pytest.mark.slow
def test_what_is_not_signed_or_not_what_was_tagged_is_not_followed(project, ask, tmp_path):
    version = digests(project)
    ask("good")
    key = tmp_path / "key"
    project.run(f"ssh-keygen -q -t ed25519 -N '' -C test@example.org -f {key}")
    (tmp_path / "signers").write_text(f"test@example.org {Path(f'{key}.pub').read_text()}")
    trusted = tmp_path / "gitconfig"
    trusted.write_text(f'[gpg "ssh"]\n\tallowedSignersFile = {tmp_path / "signers"}\n')
    env = {"GIT_CONFIG_GLOBAL": str(trusted)}
    options = ["--follow", str(project.path)]
    with serving(tmp_path, *options) as server:
        assert served_by(server) == version["good"]
    project.run(f"git config gpg.format ssh && git config user.signingkey {key}")
    with serving(tmp_path, *options, "--verify", env=env) as server:
        server.wait_for("the tag classifier#production#1 is not signed by anybody who is trusted")
        ask("best")
        server.process.send_signal(1)
        server.wait_for(f"serve: {version['best']} in place of {version['good']}")
    # Somebody moves the stage to another commit, with the digest of this one; or gives an old tag,
    # which is signed, a new name.
    message = project.run("git tag -l --format='%(contents:body)' 'classifier#production#1'")
    (tmp_path / "message").write_text(message)
    old = project.run("git rev-parse 'classifier#production#2'").strip()
    project.run(
        "git config --unset user.signingkey; "
        f"git tag -a -F {tmp_path / 'message'} 'classifier#production#3' best && "
        f"git update-ref 'refs/tags/classifier#production#9' {old}"
    )
    assert "classifier#production#9" not in [tag.name for tag in read_tags(project.path)]
    shutil.rmtree(tmp_path / ".groundwork/releases")
    command = f"{sys.executable} -m pipeline.commands.serve --port 0 --follow {project.path}"
    said = project.run(f"cd {tmp_path} && {command}", env={"PYTHONPATH": str(ROOT)}, expect=1)
    assert "is not what the tag classifier#production#3 was given for" in said
    assert said.splitlines()[-1].startswith("ERROR .groundwork/releases/")
