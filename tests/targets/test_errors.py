"""How far answers are from labels that came later: by the target, for monitor and promote."""

from pipeline.targets.opening import TARGETS, open_answers


def error(target, answer, label):
    return open_answers(target).labels.error(answer, label)


def test_each_target_says_how_wrong_an_answer_is():
    assert error("classes", {"class": "cat", "probability": 0.9}, "cat") == 0
    assert error("classes", {"class": "cat", "probability": 0.9}, "dog") == 1
    assert error("numbers", {"number": 2.5, "low": 1.0}, "-1") == 3.5
    for label in ("many", "nan", "inf"):
        assert error("numbers", {"number": 2.5}, label) is None


def test_of_a_ranking_the_place_counts_and_ids_are_no_numbers():
    answer = {"item": "242", "ranking": [{"item": "242"}, {"item": "50"}]}
    assert [error("ranking", answer, label) for label in ("242", "50")] == [0, 1]
    assert error("ranking", answer, "243") > error("ranking", answer, "50")
    name, right_below = open_answers("ranking").labels.JUDGED_BY
    assert name == "hit rate of the first 10"
    assert error("ranking", answer, "50") < right_below < error("ranking", answer, "243")


def test_every_target_says_what_monitor_compares():
    for target in TARGETS:
        found = open_answers(target)
        assert found.outputs.RECORDED_AS in ("<f2", "<f4")
        assert found.labels.JUDGED_BY[0]
