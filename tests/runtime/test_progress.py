"""Long work says where it is, without a terminal too."""

import threading
from collections.abc import Callable

import pytest

from pipeline.runtime.progress import Teller, in_words, progress_in_words


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (("", 0, 100, 0, 30.0), "0 %"),
        (("", 10, 100, 10, 30.0), "10 %, 4 min left"),
        (("label check", 0, 100, 0, 30.0), "label check, 0 %"),
        (
            ("fold 2 of 3, epoch 4 of 8", 41, 100, 15, 30.0),
            "fold 2 of 3, epoch 4 of 8, 41 %, 2 min left",
        ),
        (("", 99, 100, 3, 30.0), "99 %, 10 s left"),
        (("", 100, 100, 3, 30.0), "100 %"),
        (("", 10, 1000, 1, 30.0), "1 %, 8 h 15 min left"),
        (("", 9, 1000, 9, 30.0), "0 %"),
        (("reads", 5, 0, 5, 30.0), "reads"),
    ],
)
def test_how_far_it_is(progress, words):
    assert progress_in_words(*progress) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3500, "58 min"), (7260, "2 h 1 min")],
)
def test_times(seconds, words):
    assert in_words(seconds) == words


def first_lines(num: int, *, is_terminal: bool, within: Callable[[Teller], object]) -> list[str]:
    """What is said until `num` lines are."""
    lines: list[str] = []
    enough = threading.Event()

    def say(text: str) -> None:
        lines.append(text)
        if len(lines) == num:
            enough.set()

    with Teller("clean", say, is_terminal=is_terminal, every_seconds=0.001) as teller:
        within(teller)
        assert enough.wait(60)
    return lines[:num]


def test_work_that_nobody_counts_says_that_it_is_there():
    assert first_lines(2, is_terminal=False, within=lambda teller: None) == ["at work for 0 s"] * 2


def test_counted_work_says_how_much_is_done_and_what_is_being_done():
    said: list[str] = []

    def within(teller: Teller) -> None:
        work = teller.work(200, "example", "label check")
        work.update(82)
        said.append(work.line())
        work.describe("fold 2 of 3")
        said.append(work.line())

    first_lines(1, is_terminal=False, within=within)
    assert said[0].startswith("label check, 41 %, ")
    assert said[1] == "fold 2 of 3, 41 %"  # nothing was done since


def test_after_counted_work_the_time_is_said_again():
    def within(teller: Teller) -> None:
        with teller.work(10, "example"):
            pass

    assert first_lines(1, is_terminal=False, within=within) == ["at work for 0 s"]


def test_on_a_terminal_the_bar_says_it(capsys):
    lines: list[str] = []
    with Teller("clean", lines.append, is_terminal=True, every_seconds=0.001) as teller:
        with teller.work(4, "example", "label check") as work:
            num_before = len(lines)
            work.update(3)
            bar = capsys.readouterr().err
        assert len(lines) <= num_before + 1  # one that was on its way
    assert "clean" in bar
    assert "label check" in bar
