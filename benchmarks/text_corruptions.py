"""Are texts that were broken on their way noticed, and are good ones left in peace?

1,500 messages of SMS spam and 1,500 questions of TREC, of which the first 70 % were accepted as the
profile; then all come, broken in one of 51 ways: in a third, in a few, or in the new ones alone. A
way counts as noticed when something is said that the same texts, unbroken, do not cause: reading
refuses the file or says something else of it, texts are set aside, or an expectation does not hold.
Clean texts count as an alarm when an expectation about them does not hold.

Of a trial's time Great Expectations takes 85 %, so rules are judged here by a few lines of pandas;
every 25th trial is judged by both, which must agree.

    GROUNDWORK_TEXTS=/data python benchmarks/text_corruptions.py [--seeds 5] [--clean 10]

GROUNDWORK_TEXTS is the folder of benchmarks/text.py.
"""

import argparse
import base64
import html
import json
import os
import re
import sys
import tempfile
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from results import Figure, save
from text_data import DATASETS

from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import (
    BETWEEN,
    EQUAL,
    IN_SET,
    IS_NULL,
    MEAN_BETWEEN,
    NOT_NULL,
    NUM_ROWS,
    Rule,
)
from pipeline.entry import entry_type
from pipeline.ingest.rows import job_maker, make_rows
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_checks, open_prepare
from pipeline.params import load_params
from pipeline.runtime.errors import GroundworkError
from pipeline.runtime.settings import Kind
from pipeline.targets.opening import open_labels, open_rules
from pipeline.validate.assessment import Ask, Assessment, assess
from pipeline.validate.columns import expected_columns, time_type
from pipeline.validate.expectations import Outcome, check

KIND = Kind(modality="text", target="classes")
RECIPE = Path(__file__).resolve().parent.parent / "recipes/text-classes.yaml"
ROWS, KNOWN = 1_500, 0.7
NAMES = ("sms", "trec")
BY_BOTH = 25
RARE = 0.05
"""Share of a label that is left out: of 1,500 texts validate says that it has too few."""
Random = np.random.Generator


class Broken(NamedTuple):
    """Texts as they arrive."""

    rows: pd.DataFrame
    """Columns text and label, as texts; empty for missing."""
    data: Callable[[bytes], bytes] = lambda data: data
    """What happens to the bytes of the CSV."""


Break = Callable[[pd.DataFrame, Random], Broken]
WAYS: dict[str, Break] = {}


def way(name: str) -> Callable[[Callable[[pd.DataFrame, Random], object]], Break]:
    """Register a function that changes rows in place, or returns others."""

    def register(change: Callable[[pd.DataFrame, Random], object]) -> Break:
        def spoil(rows: pd.DataFrame, random: Random) -> Broken:
            rows = rows.copy()
            result = change(rows, random)
            if isinstance(result, Broken):
                return result
            return Broken(result if isinstance(result, pd.DataFrame) else rows)

        WAYS[name] = spoil
        return spoil

    return register


def some(rows: pd.DataFrame, random: Random, share: float) -> pd.Index:
    return rows.index[random.random(len(rows)) < share]


def new(rows: pd.DataFrame) -> pd.Index:
    """Texts that were not there when the profile was accepted."""
    return rows.index[round(KNOWN * len(rows)) :]


def of_some(name: str, share: float, change: Callable[[str, Random], str]) -> None:
    """Register: a share of the texts is changed, each by itself."""

    @way(name)
    def _(rows: pd.DataFrame, random: Random) -> None:
        chosen = some(rows, random, share)
        rows.loc[chosen, "text"] = [change(text, random) for text in rows.loc[chosen, "text"]]


def of_new(name: str, change: Callable[[str, Random], str]) -> None:
    """Register: all new texts are changed, each by itself."""

    @way(name)
    def _(rows: pd.DataFrame, random: Random) -> None:
        chosen = new(rows)
        rows.loc[chosen, "text"] = [change(text, random) for text in rows.loc[chosen, "text"]]


# Characters

CURLY = str.maketrans({"'": "\u2019", '"': "\u201d", "-": "\u2013", "?": "\u2026", ".": "\u2026"})
ALIKE = str.maketrans("aceopxyACEOPXB", "асеорхуАСЕОРХВ")
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
SCANNED = (("rn", "m"), ("l", "1"), ("o", "0"), ("e", "c"), ("h", "li"))


def mojibake(text: str, random: Random) -> str:
    return text.translate(CURLY).encode().decode("cp1252", "replace")


def each_character(text: str, random: Random, share: float, put: str) -> str:
    drawn = random.random(len(text)) < share
    return "".join(put if gone and c.isalpha() else c for c, gone in zip(text, drawn, strict=True))


def scanned(text: str, random: Random) -> str:
    for letters, misread in SCANNED:
        parts = text.split(letters)
        text = parts[0] + "".join(
            (misread if random.random() < 0.5 else letters) + part for part in parts[1:]
        )
    return text


of_some("curly quotes read as Windows-1252, a fifth", 0.2, mojibake)
of_some(
    "letters lost to U+FFFD, a twentieth",
    0.05,
    lambda t, r: each_character(t, r, 0.2, "\ufffd") + "\ufffd",
)
of_new("letters lost to question marks, new texts", lambda t, r: each_character(t, r, 0.05, "?"))
of_some("letters of another script that look alike, a tenth", 0.1, lambda t, _: t.translate(ALIKE))
of_new("letters of full width, new texts", lambda t, _: t.translate(WIDE))
of_some("characters without width between letters, a tenth", 0.1, lambda t, _: "\u200b".join(t))
of_some("a blank behind each letter, a tenth", 0.1, lambda t, _: " ".join(t))
of_some("blanks lost, a tenth", 0.1, lambda t, _: "".join(t.split()))
of_new("letters misread by a scanner, new texts", scanned)
of_new("capitals lost, new texts", lambda t, _: t.lower())
of_some("capitals alone, a third", 0.33, lambda t, _: t.upper())
of_new("punctuation lost, new texts", lambda t, _: re.sub(r"[^\w\s]", "", t) or t)
of_some("letters in reverse order, a tenth", 0.1, lambda t, _: t[::-1])

# Markup and escapes

of_new(
    "tags and entities left in, new texts",
    lambda t, _: f"<p>{html.escape(t)}</p>".replace(" ", "&nbsp;", 1),
)
of_new("escaped as JSON, new texts", lambda t, _: json.dumps(t + "\n"))
of_some("escaped as in an address, a tenth", 0.1, lambda t, _: urllib.parse.quote(t))
of_some("in Base64, a twentieth", 0.05, lambda t, _: base64.b64encode(t.encode()).decode())

# Words

USUAL = frozenset(("a", "an", "and", "are", "at", "for", "i", "in", "is", "it", "me", "my", "of"))
USUAL |= frozenset(("on", "or", "the", "to", "u", "was", "we", "you"))
FOOTER = "\nThis message is confidential. If it is not for you, delete it."

of_new("cut at 30 characters, new texts", lambda t, _: t[:30])
of_new("usual words taken out, new texts", lambda t, _: without_usual(t))
of_new("endings of words cut off, new texts", lambda t, _: re.sub(r"(\w{4})\w+", r"\1", t))
of_new("digits masked, new texts", lambda t, _: re.sub(r"\d", "#", t) + " #")
of_new("a notice at the end, new texts", lambda t, _: t + FOOTER)
of_some("each three times in one cell, a tenth", 0.1, lambda t, _: f"{t} {t} {t}")
of_some("a note in place of the text, a twentieth", 0.05, lambda t, _: "see attachment")


def without_usual(text: str) -> str:
    return " ".join(word for word in text.split() if word.lower() not in USUAL) or text


@way("texts of other data, new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    others = [text for text, _ in DATASETS["rt_polarity"](0).train]
    rows.loc[new(rows), "text"] = random.choice(others, len(new(rows)), replace=False)


@way("texts of another language, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    others = [text for text, _ in DATASETS["hausa"](0).train]
    chosen = some(rows, random, 0.05)
    rows.loc[chosen, "text"] = random.choice(others, len(chosen), replace=False)


@way("texts of another script, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    others = [text for text, _ in DATASETS["thucnews"](0).train]
    chosen = some(rows, random, 0.05)
    rows.loc[chosen, "text"] = random.choice(others, len(chosen), replace=False)


of_some("letters doubled, a tenth", 0.1, lambda t, _: re.sub(r"(\w)", r"\1\1", t))
of_new("the second half of each lost, new texts", lambda t, _: t[: max(1, len(t) // 2)])
of_new("answers quoted, new texts", lambda t, _: "> " + t.replace("\n", "\n> "))
of_new("words of six letters and more hidden, new texts", lambda t, _: re.sub(r"\w{6,}", "***", t))
of_some("filler in place of the text, a twentieth", 0.05, lambda t, r: filler(r))
of_some("numbers in place of the text, a twentieth", 0.05, lambda t, r: f"{r.integers(1 << 62):x}")
of_new("words in another order, new texts", lambda t, r: " ".join(r.permutation(t.split())))


def filler(random: Random) -> str:
    words = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor"
    return " ".join(random.choice(words.split(), 9))


# Rows


@way("two texts in one cell, a tenth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    first = some(rows.iloc[:-1], random, 0.1)
    first = first[~np.isin(first, first + 1)]
    rows.loc[first, "text"] += "\n" + rows.loc[first + 1, "text"].to_numpy()
    return rows.drop(first + 1).reset_index(drop=True)


@way("texts twice, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return pd.concat([rows, rows.loc[some(rows, random, 0.05)]], ignore_index=True)


@way("texts twice in other case and blanks, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    again = rows.loc[some(rows, random, 0.05)]
    again = again.assign(text=again["text"].str.upper().str.replace(" ", "  "))
    return pd.concat([rows, again], ignore_index=True)


@way("texts emptied, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.05), "text"] = ""


@way("the second half lost")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows.iloc[: len(rows) // 2]


@way("the file cut within a quoted cell")
def _(rows: pd.DataFrame, random: Random) -> Broken:
    rows.loc[rows.index[-1], "text"] += ', "and so on'
    return Broken(rows, lambda data: data.rstrip()[:-12])


# Labels


@way("labels moved by one row, all texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows["label"] = np.roll(rows["label"], 1)


@way("labels shuffled, new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[new(rows), "label"] = random.permutation(rows.loc[new(rows), "label"])


@way("a tenth of the labels drawn by lot")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen = some(rows, random, 0.1)
    rows.loc[chosen, "label"] = random.choice(rows["label"].unique(), len(chosen))


@way("labels swapped, new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    a, b = rows["label"].value_counts().index[:2]
    rows.loc[new(rows), "label"] = rows.loc[new(rows), "label"].replace({a: b, b: a})


@way("one label for all new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[new(rows), "label"] = rows["label"].mode()[0]


@way("one label lost in new texts")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    often = rows["label"].value_counts().index[1]
    return rows.drop(new(rows)[rows.loc[new(rows), "label"] == often]).reset_index(drop=True)


@way("labels in another spelling, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen = some(rows, random, 0.05)
    rows.loc[chosen, "label"] = rows.loc[chosen, "label"].str.swapcase()


@way("a label that nobody knows, 2 %")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.02), "label"] = "to be decided"


@way("texts again with another label, 2 %")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    again = rows.loc[some(rows, random, 0.02)]
    names = list(rows["label"].unique())
    moved = [names[(names.index(label) + 1) % len(names)] for label in again["label"]]
    return pd.concat([rows, again.assign(label=moved)], ignore_index=True)


@way("the label at the head of its text")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows["text"] = "[" + rows["label"] + "] " + rows["text"]


@way("a line that one label alone has")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen = rows["label"] == rows["label"].value_counts().index[1]
    rows.loc[chosen, "text"] += "\nforwarded by desk 4, room 12"


def texts(name: str, random: Random) -> pd.DataFrame:
    """1,500 different texts in a random order."""
    parts = DATASETS[name](0)
    rows = pd.DataFrame(parts.train + parts.test, columns=["text", "label"])
    rows = rows[~rows["text"].str.casefold().duplicated()]
    rows = rows[rows["label"].map(rows["label"].value_counts(normalize=True)) > RARE]
    chosen: pd.DataFrame = rows.iloc[random.permutation(len(rows))[:ROWS]]
    return chosen.reset_index(drop=True)


class Trial(NamedTuple):
    name: str
    seed: int
    way: str = ""
    """Empty for the texts as they are."""


@lru_cache(maxsize=1)
def params_of_texts() -> Any:
    return load_params(RECIPE)


@lru_cache(maxsize=2)
def known(name: str, seed: int) -> tuple[pd.DataFrame, Profile, frozenset[str]]:
    """The clean texts, the profile of the first of them, and what is said of all of them."""
    rows = texts(name, np.random.default_rng(seed))
    accepted = look(Broken(rows.iloc[: round(KNOWN * len(rows))]), None)[0]
    return rows, accepted.profile, look(Broken(rows), accepted.profile)[1]


def judge(table: pd.DataFrame, rules: Sequence[Rule], noun: str = "examples") -> list[Outcome]:
    """Judge rules as `check` does; their findings are not put into words."""
    return [
        Outcome(rule, True, "", judged=False) if rule.lacking else _judged(rule, table)
        for rule in rules
    ]


def _judged(rule: Rule, table: pd.DataFrame) -> Outcome:
    type, kwargs = rule.expectation.type, rule.expectation.kwargs
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    low, high = (-np.inf if low is None else low), (np.inf if high is None else high)
    if type == NUM_ROWS:
        return Outcome(rule, low <= len(table) <= high, "")
    values = table[kwargs.get("column", kwargs.get("column_A"))]
    if type == MEAN_BETWEEN:
        return Outcome(rule, bool(low <= values.mean() <= high), "")
    if type == "expect_column_kl_divergence_to_be_less_than":
        partition = kwargs["partition_object"]
        return Outcome(rule, _divergence(values, partition) <= kwargs["threshold"], "")
    there = values.notna()
    if type in (IS_NULL, NOT_NULL):
        fails, judged = (there if type == IS_NULL else ~there), pd.Series(True, values.index)
    elif type == "expect_column_values_to_be_unique":
        fails, judged = values.duplicated(keep=False) & there, there
    elif type == EQUAL:
        fails, judged = values != table[kwargs["column_B"]], there
    elif type == IN_SET:
        fails, judged = ~values.isin(kwargs["value_set"]) & there, there
    else:
        assert type == BETWEEN, type
        fails, judged = ((values < low) | (values > high)) & there, there
    success = int(fails.sum()) <= (1 - kwargs.get("mostly", 1.0)) * max(int(judged.sum()), 1)
    failed = () if success else tuple(table["id"][fails].astype(str))
    return Outcome(rule, success, "", failed)


def _divergence(values: pd.Series, partition: dict[str, list]) -> float:
    shares = values.value_counts(normalize=True)
    shares = shares[shares > 0]
    weights = dict(zip(partition["values"], partition["weights"], strict=True))
    return sum(
        float(p) * np.log(p / weights[v]) if v in weights else np.inf for v, p in shares.items()
    )


def look(
    broken: Broken, before: Profile | None, ask: Ask = judge
) -> tuple[Assessment, frozenset[str]]:
    """Read a table as ingest does and judge it as validate does; all that is said of it.

    Raises:
        GroundworkError: it cannot be read.
    """
    params = params_of_texts()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.csv"
        path.write_bytes(broken.data(broken.rows.to_csv(index=False).encode()))
        entry = entry_type(KIND.modality, KIND.target)(
            uri=str(path), license="CC-BY-4.0", columns={"text": "text", "label": "label"}
        )
        prepare, labels = open_prepare(KIND.modality), open_labels(KIND.target)
        source = open_source(entry, prepare, labels)
        make_job = job_maker(
            "texts", entry, source, KIND, seed=0, limits=params.ingest, purpose="training"
        )
        table = pa.concat_tables([make_rows(make_job(batch)).table for batch in source.batches])
    content = prepare.new_tally()
    content.add(table.filter(pc.is_null(table["problem"])))
    checks, rules = open_checks(KIND.modality), open_rules(KIND.target)
    names = expected_columns(checks, rules, time_type(table.schema)).names
    found = assess(
        table.select([name for name in names if name in table.column_names]),
        {"target": dict(source.target), "content": content.index(entry)},
        [],
        checks,
        rules,
        settings=params.validation,
        before=before,
        ask=ask,
    )
    said = {f"expectation: {o.name}" for o in found.outcomes if o.judged and not o.success}
    said |= {f"set aside: {reason}" for reason in found.quarantine.values()}
    said |= {without_figures(sentence) for sentence in (*source.notes, *source.doubts)}
    return found, frozenset(said)


def without_figures(sentence: str) -> str:
    """The sentence as it is whatever the number of rows."""
    return re.sub(r"\d[\d.,]*", "N", sentence)


def run(trial: Trial, *, both: bool = False) -> list[str]:
    """What is said of the texts of a trial that is not said of the clean ones; of these, alarms."""
    rows, profile, usual = known(trial.name, trial.seed)
    if not trial.way:
        return [sentence for sentence in usual if sentence.startswith("expectation")]
    random = np.random.default_rng([trial.seed, list(WAYS).index(trial.way)])
    broken = WAYS[trial.way](rows, random)
    try:
        said = look(broken, profile)[1]
    except GroundworkError as error:
        return [f"refused: {error.what}"]
    if both:
        by_library = look(broken, profile, check)[1]
        assert said == by_library, (trial, said ^ by_library)
    return sorted(said - usual)


def trials(seeds: int, clean: int, only: str) -> Iterator[Trial]:
    for name in NAMES:
        yield from (Trial(name, 1000 + seed) for seed in range(clean))
        for seed in range(seeds):
            yield from (Trial(name, seed, way) for way in WAYS if only in way)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--clean", type=int, default=10, help="seeds of clean texts, each dataset")
    parser.add_argument("--only", default="", help="ways whose name has this in it")
    options = parser.parse_args()
    listed = list(trials(options.seeds, options.clean, options.only))
    found = {}
    for number, trial in enumerate(listed):
        found[trial] = run(trial, both=number % BY_BOTH == 0)
        print(number, *trial, len(found[trial]), file=sys.stderr, flush=True)
    for name in WAYS:
        hits = {trial: bool(causes) for trial, causes in found.items() if trial.way == name}
        causes = Counter(s for trial in hits for s in found[trial])
        usual = "; ".join(cause[:90] for cause, _ in causes.most_common(2))
        missed = Counter(trial.name for trial, hit in hits.items() if not hit)
        lost = "".join(f" (not {number} of {which})" for which, number in missed.items())
        print(f"{sum(hits.values()):3} of {len(hits):3}  {name}{lost}: {usual}", flush=True)
    broken = [trial for trial in listed if trial.way]
    noticed = sum(bool(found[trial]) for trial in broken)
    clean = [trial for trial in listed if not trial.way]
    alarms = Counter(sentence for trial in clean for sentence in found[trial])
    print(f"noticed {noticed} of {len(broken)}; alarms {dict(alarms)} in {len(clean)} clean runs")
    if options.only:
        return
    share = f"{noticed} of {len(broken)} ({noticed / len(broken):.1%})"
    what = f"{len(WAYS)} kinds of broken texts (SMS spam, TREC), noticed"
    num_alarms = sum(bool(found[trial]) for trial in clean)
    save(
        "text_corruptions",
        [
            Figure("validate", what, share, options.seeds),
            Figure("validate", "alarms on clean texts", f"{num_alarms} runs", len(clean)),
        ],
        f"GROUNDWORK_TEXTS=DIR python benchmarks/text_corruptions.py --seeds {options.seeds}",
    )


if __name__ == "__main__":
    main()
