import json
from statistics import fmean as mean

from pipeline.modalities.prepared import Unusable, prepare_each
from pipeline.modalities.series.content.series import decode

CONTENT, EXAMPLE = "series", "-d '[1, 2, 3]'"
LIMITS, MEASURED = {"max_numbers": 1000}, ("length", "mean")


def prepare(contents, limits):
    def prepare_one(content):
        try:
            numbers = decode(content)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Unusable(str(error)) from None
        if len(numbers) > limits.max_numbers:
            raise Unusable("too many numbers")
        return json.dumps(numbers), {"length": len(numbers), "mean": mean(numbers)}

    return prepare_each(contents, "series", ["length", "mean"], prepare_one)


def from_json(value):
    return json.dumps(value).encode()


def from_text(text):
    return text.encode()


def is_dear(content):
    return False
