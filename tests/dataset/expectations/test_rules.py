"""Rules say what follows where they fail, and what they are about."""

from pipeline.dataset.expectations.rules import (
    DATA,
    PROFILE,
    at_least,
    at_most,
    each,
    hardly_moved,
    set_aside,
    since_profile,
)


def test_a_rule_that_sets_rows_aside_has_a_reason_and_is_critical():
    rule = set_aside("no text is empty", "empty", False, "empty")
    assert (rule.column, rule.reason, rule.about) == ("empty", "empty", DATA)
    assert rule.expectation.severity == "critical"
    assert rule.expectation.kwargs == {"column": "empty", "value_set": [False]}


def test_rules_about_a_limit_warn():
    for rule in (
        at_most("few", "n", 3),
        at_least("many", "n", 3),
        each("all", "n", True, "warning"),
    ):
        assert rule.reason is None
        assert rule.expectation.severity == "warning"
    assert at_most("few", "n", 3).expectation.kwargs == {"column": "n", "max_value": 3}
    assert at_least("many", "n", 3).expectation.kwargs == {"column": "n", "min_value": 3}


def test_a_rule_since_the_profile_is_the_same_but_for_what_it_is_about():
    needs = "some 20 examples or groups now and in the profile"
    rule = at_most("hardly moved", "shift", 0.1, needs)
    assert hardly_moved("hardly moved", 0.1) == since_profile(rule) != rule
    assert since_profile(rule).about == PROFILE
