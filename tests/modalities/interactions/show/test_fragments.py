"""The review page shows all that an odd user did, in order; nothing of it is trusted."""

from datetime import datetime

from pipeline.modalities.interactions.show.fragments import html, pace

EVENT = {"event": '{"user": "<b>bot", "item": "second", "history": ["i9"]}'}
REQUEST = {"event": '{"user": "u1", "history": ["<i>i9"]}'}


def event(item: str, time: datetime | int | None, split: str = "train") -> dict:
    return {"label": item, "time": time, "split": split}


def test_a_whole_history_is_shown_in_order():
    history = [
        event("second", datetime(2024, 1, 1, 10)),
        event("<i>last", datetime(2024, 1, 2, 3, 4, 5), "test"),
        event("first", datetime(2024, 1, 1, 9)),
    ]
    said = html(EVENT, {"of_group": history, "num_of_user": 3, "num_different": 2})
    assert "user &lt;b&gt;bot" in said
    assert "events of the user 3, different items 2" in said
    assert said.index("first") < said.index("second") < said.index("&lt;i&gt;last")
    assert "<td>2024-01-02 03:04:05</td><td>&lt;i&gt;last</td><td>test</td>" in said
    assert "3 in all, from 2024-01-01 to 2024-01-02 on 2 days, at most 2 a day (2024-01-01)" in said
    assert "i9" not in said  # which the history has


def test_a_long_history_is_cut_and_says_so():
    history = [event(f"i{n}", n) for n in range(1500)]
    said = html(EVENT, {"of_group": history})
    assert said.count("<td>train</td>") == 1000
    assert "and 500 more" in said


def test_events_without_times_are_shown_too():
    assert pace([event("a", None)]) == ""
    assert "<td></td><td>a</td>" in html(EVENT, {"of_group": [event("a", None), event("b", None)]})


def test_a_request_shows_what_it_says():
    assert "<li>&lt;i&gt;i9</li>" in html(REQUEST, {})
    said = html(REQUEST, {"of_group": [event("a", 1), event("b", 2)]})
    assert said.index("<td>b</td>") < said.index("&lt;i&gt;i9"), "what data/raw does not have"
