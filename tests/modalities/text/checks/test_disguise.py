"""Letters that look like others are found, and those that are usual beside others are not."""

import pytest

from pipeline.modalities.text.checks.disguise import is_disguised


@pytest.mark.parametrize(
    "text",
    [
        "p\u0430ypal",  # a Cyrillic a
        "\uff26\uff32\uff25\uff25 offer",
        "w\u200bo\u200br\u200bd",
        "soft\u00adware",
        "\U0001d41f\U0001d42b\U0001d41e\U0001d41e",
    ],
)
def test_in_disguise(text):
    assert is_disguised(text)


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "Wi-Fi \u0440\u043e\u0443\u0442\u0435\u0440",
        "\u4e2d\u56fd\uff29\uff30\uff2f\u5e02\u573a",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with the joiner it takes
        "\u00e9t\u00e9, \u00c5ngstr\u00f6m, \u03bcm",
        "1\u00aa edici\u00f3n",
    ],
)
def test_not_in_disguise(text):
    assert not is_disguised(text)
