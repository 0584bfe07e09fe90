"""`monitor`: what people read, the exit status for cron, the page."""

import pytest

from pipeline.commands.monitor.__main__ import main
from pipeline.commands.monitor.arguments import parser
from pipeline.runtime.errors import MissingInput
from tests.support.served_traffic import photos, write_records, write_served


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitor") / "models/serving"
    return folder, write_served(folder)


def monitored(model, here, capsys, *options):
    """Exit status, and the lines that it printed."""
    arguments = ["--model", str(model[0]), "--records", "records", "--page", "page", *options]
    try:
        main(parser().parse_args(arguments))
        status = 0
    except SystemExit as exit:
        status = exit.code
    return status, capsys.readouterr().out.splitlines()


def state_of(lines, name):
    return next(line for line in lines if line.startswith(f"  {name} ")).split(None, 1)[1].strip()


def test_all_as_before(model, here, capsys):
    write_records(here / "records", model[1], photos(450, seed=11))
    status, lines = monitored(model, here, capsys)
    assert status == 0
    assert lines[0].startswith("monitor: 450 answers since ")
    assert state_of(lines, "brightness") == "as before"
    assert "estimated without labels" in state_of(lines, "accuracy")
    assert lines[-1] == "page: page/monitor.html"
    assert (here / "page/monitor.png").read_bytes().startswith(b"\x89PNG")


def test_darker_photos_are_an_alarm(model, here, capsys):
    write_records(here / "records", model[1], photos(400, seed=12), ago=3600)
    write_records(here / "records", model[1], photos(200, seed=13, darker=0.6), ago=1800)
    status, lines = monitored(model, here, capsys)
    assert status == 1
    assert state_of(lines, "brightness").startswith("ALARM since ")
    assert lines[-1].startswith("next: groundwork collect --since 20")
    page = (here / "page/monitor.html").read_text()
    assert "ALARM since" in page
    assert "data:image/png;base64," in page


def test_labels_that_came_late(model, here, capsys):
    labels = ["猫"] * 100
    write_records(here / "records", model[1], photos(150, seed=14), truths=labels)
    _, lines = monitored(model, here, capsys)
    assert " of 100 answers whose labels came" in state_of(lines, "labelled")


def test_too_few_are_no_alarm_and_no_peace(model, here, capsys):
    write_records(here / "records", model[1], photos(20, seed=15))
    status, lines = monitored(model, here, capsys)
    assert status == 0
    assert lines == [
        f"monitor: 20 answers by {model[1].version}, 100 are the least to judge by: whether they "
        "drift is unknown"
    ]


def test_a_time_from_which_on(model, here, capsys):
    write_records(here / "records", model[1], photos(150, seed=16), ago=7200)
    write_records(here / "records", model[1], photos(120, seed=17), ago=1800)
    _, lines = monitored(model, here, capsys, "--since", "1h")
    assert lines[0].startswith("monitor: 120 answers since ")


def test_torn_records_are_said(model, here, capsys):
    write_records(here / "records", model[1], photos(120, seed=18))
    path = next((here / "records").rglob("*-answers-*.rec"))
    path.write_bytes(path.read_bytes()[:-5])
    _, lines = monitored(model, here, capsys)
    assert "  1 torn records are left out" in lines
    assert lines[0].startswith("monitor: 119 answers")


def test_no_records(model, here, capsys):
    with pytest.raises(MissingInput, match="records has no records of answers"):
        monitored(model, here, capsys)
