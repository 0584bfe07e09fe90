"""Is drift of tables and of texts noticed, and unchanged traffic left in peace?

Tables: adult and credit default, 5,000 rows to learn from, 3,000 as validation, 2,000 others as
traffic: as they are, and with each column broken in each of several ways (another unit, a standard
deviation more, stuck, lost, shuffled, a sign, recoded, two exchanged). Texts: questions and film
reviews, with the corruptions of the stage `evaluate`, and texts in another language. What costs 5
points of accuracy is to be noticed in windows of 200.

    GROUNDWORK_TABLES=/data GROUNDWORK_TEXTS=/data python benchmarks/monitoring_kinds.py
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from monitoring import COSTS, NUM_NOTICED, drifted, windows_of
from numpy.typing import NDArray
from results import RESULTS, Figure, save
from table_data import Splits, Table, folder, table_of
from table_networks import InMemoryReader as TableReader
from table_networks import encoded
from text import InMemoryReader as TextReader
from text import Split, labels_of, texts_of
from text_data import DATASETS, Rows

from pipeline.commands.monitor.drift import LEVEL, Reference
from pipeline.commands.monitor.estimate import calibrated, estimate
from pipeline.commands.monitor.watching import ESTIMATED_ON
from pipeline.dataset.randomness import id_keys
from pipeline.export.reference import make_reference
from pipeline.export.served import ServedNetwork, answer_and_embed
from pipeline.learning.device import Device
from pipeline.modalities.opening import open_network, open_requests, open_stress
from pipeline.modalities.text.encode.interface import encode as encode_texts
from pipeline.modalities.text.stress.corruptions import VARIANTS, corrupted
from pipeline.targets.classes.judging.evaluation import temperature_of
from pipeline.targets.classes.measures.outputs import probabilities
from pipeline.targets.opening import open_answers, open_loss
from pipeline.targets.protocols.judging import Answers
from pipeline.train.alone import fit_itself

CPU = Device("cpu", bf16=False)
NUM_TRAIN, NUM_VAL, NUM_TRAFFIC = 5000, 3000, 2000
NUM_WINDOWS = {100: 1000, 200: 500, 400: 250}
MOST_ERROR = 0.05
NAME = "monitoring-kinds"
SETTINGS = SimpleNamespace(label_smoothing=0.0, loss="squared", quantile=0.5)

Column = pd.Series
Random = np.random.Generator


class Case(NamedTuple):
    """A network, and all that it is asked about."""

    name: str
    served: ServedNetwork
    val: tuple[Any, Mapping[str, NDArray], NDArray]
    """Inputs, measurements and labels."""
    traffic: tuple[Any, Mapping[str, NDArray], NDArray]
    variants: Iterator[tuple[str, Any, Mapping[str, NDArray]]]
    """Names, inputs and measurements of the same examples, broken."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=KINDS, help="the other kind's figures stay")
    only = parser.parse_args().only
    figures = {kind: kept_figures(kind) for kind in KINDS}
    for kind, cases in KINDS.items():
        if only in (None, kind):
            figures[kind] = list(judged(kind, cases()))
            together = [figure for each in figures.values() for figure in each]
            save(NAME, together, "python benchmarks/monitoring_kinds.py")


def kept_figures(kind: str) -> list[Figure]:
    """Those of the last run."""
    path = RESULTS / f"{NAME}.json"
    rows = json.loads(path.read_text())["figures"] if path.exists() else []
    return [Figure(**row) for row in rows if row["what"].startswith(f"{kind}: ")]


def judged(kind: str, cases: Iterator[Case]) -> Iterator[Figure]:
    alarms, windows, errors, hidden, costly, missed = 0, 0, [], [], 0, []
    milder = [0, 0]
    for case in cases:
        started = time.process_time()
        outputs, embedding = answer_and_embed(case.served, case.val[0], CPU)
        calibration = {"temperature": temperature_of(Answers(outputs, case.val[2]))}
        reference = Reference(
            make_reference(case.val[1], {}, probabilities(outputs), embedding),
            outputs=open_answers("classes").outputs,
        )
        labels = case.traffic[2]

        def asked(inputs: Any, measured: Any, case=case, reference=reference) -> Any:
            outputs, embedding = answer_and_embed(case.served, inputs, CPU)
            return outputs, reference.take(measured, probabilities(outputs), embedding)

        random = np.random.default_rng(1)
        outputs, unchanged = asked(*case.traffic[:2])
        base = float((outputs.argmax(1) == labels).mean())
        for size, num in NUM_WINDOWS.items():
            found = windows_of(reference, unchanged, size, num, random)
            alarms, windows = alarms + int((found > 1).sum()), windows + num
        counted = 0
        for name, inputs, measured in case.variants:
            outputs, traffic = asked(inputs, measured)
            right = outputs.argmax(1) == labels
            lost = base - float(right.mean())
            share = float((windows_of(reference, traffic, 200, NUM_NOTICED, random) > 1).mean())
            confidence = calibrated(outputs.astype(float), calibration, probabilities)
            newest = slice(-ESTIMATED_ON, None)
            confidence = confidence[newest]
            guess = estimate(confidence, drifted(reference, traffic.rows(newest)))
            error = abs(float(confidence.mean()) - float(right[newest].mean()))
            (hidden if guess.value is None else errors).append(error)
            if guess.value is not None and error > MOST_ERROR:
                print(f"estimate off: {case.name}, {name}: {100 * error:.0f} points", flush=True)
            if lost < COSTS:
                milder[0] += share >= 0.9
                milder[1] += 1
                continue
            counted += 1
            if share < 0.9:
                missed.append(f"{case.name}, {name}: {100 * lost:.0f} points, {share:.0%}")
                print("missed", missed[-1], flush=True)
        costly += counted
        print(
            f"{case.name}: accuracy {base:.3f}, {counted} costly, "
            f"{time.process_time() - started:.0f} s",
            flush=True,
        )
    rate, bar = alarms / windows, 2 * LEVEL
    yield Figure(
        "serve", f"{kind}: false alarms in windows of unchanged examples; {LEVEL:.1%} is stated",
        f"{rate:.2%} ({alarms})", windows, f"twice that, {bar:.1%}", [bar / max(rate, 1e-9)] * 3,
    )  # fmt: skip
    yield Figure(
        "serve", f"{kind}: what costs {100 * COSTS:.0f} points, noticed within 200 examples",
        f"{costly - len(missed)} of {costly} (missed: {'; '.join(missed) or 'none'}); of what "
        f"costs less {milder[0]} of {milder[1]}", NUM_NOTICED,
    )  # fmt: skip
    yield Figure(
        "serve", f"{kind}: accuracy without labels, where it is given: error in points",
        f"mean {100 * np.mean(errors):.1f}, most {100 * max(errors):.1f}; {len(hidden)} unknown, "
        f"where it would be off by up to {100 * max(hidden, default=0):.0f}", len(errors),
    )  # fmt: skip


def trained(kind: str, name: str, reader: Any, num_labels: int) -> ServedNetwork:
    torch.manual_seed(0)
    network = open_network(kind).build(name, reader.preparation, num_labels, SETTINGS)
    fit_itself(network, reader, open_loss("classes"), SETTINGS, CPU, 0)
    return ServedNetwork(network, [*reader.read_rows("val", 0).inputs])


# Tables


def tables() -> Iterator[Case]:
    adult = pd.read_csv(
        folder() / "adult/adult-train.csv", header=None, na_values=["?"], skipinitialspace=True
    )
    credit = pd.read_csv(folder() / "credit_default/UCI_Credit_Card.csv").drop(columns="ID")
    for column in ("SEX", "EDUCATION", "MARRIAGE"):
        credit[column] = credit[column].map("c{}".format)
    for name, frame, label, positive, networks in (
        ("adult", adult, adult.columns[-1], ">50K", ("linear", "trees")),
        ("credit", credit, "default.payment.next.month", 1, ("linear",)),
    ):
        num = NUM_TRAIN + NUM_VAL + NUM_TRAFFIC
        table = table_of(frame.sample(num, random_state=0, ignore_index=True), label, positive)
        parts = np.split(np.arange(num), [NUM_TRAIN, NUM_TRAIN + NUM_VAL])
        reader = TableReader(table, Splits(*parts), table.y)
        for network in networks:
            served = trained("tables", network, reader, 2)
            val, traffic = (table.rows.iloc[part] for part in parts[1:])
            yield Case(
                f"{name} {network}",
                served,
                (*table_inputs(val, reader.preparation), table.y[parts[1]]),
                (*table_inputs(traffic, reader.preparation), table.y[parts[2]]),
                broken(traffic, table, reader.preparation),
            )


def table_inputs(rows: pd.DataFrame, preparation: Any) -> tuple[Any, Mapping[str, NDArray]]:
    return encoded(rows, preparation), {"missing": rows.isna().mean(axis=1).to_numpy()}


def shuffled(values: Column, random: Random) -> Any:
    return random.permutation(values.to_numpy())


def recoded(values: Column, random: Random) -> Any:
    """Each category under the name of another."""
    known = values.dropna().unique()
    return values.map(dict(zip(known, np.roll(known, 1), strict=True)))


OF_NUMBERS: dict[str, Callable[[Column, Random], Any]] = {
    "in another unit": lambda values, random: values * 1000,
    "a standard deviation more": lambda values, random: values + values.std(),
    "stuck at one value": lambda values, random: values.iloc[0],
    "of the other sign": lambda values, random: -values,
    "lost": lambda values, random: np.nan,
    "shuffled": shuffled,
}
OF_CATEGORIES: dict[str, Callable[[Column, Random], Any]] = {
    "in capitals": lambda values, random: values.str.upper() + " ",
    "recoded": recoded,
    "stuck at one value": lambda values, random: values.dropna().iloc[0],
    "lost": lambda values, random: None,
    "shuffled": shuffled,
}


def broken(
    rows: pd.DataFrame, table: Table, preparation: Any
) -> Iterator[tuple[str, Any, Mapping[str, NDArray]]]:
    random = np.random.default_rng(0)
    for number, column in enumerate(rows.columns):
        is_number = pd.api.types.is_numeric_dtype(rows[column])
        for way, change in (OF_NUMBERS if is_number else OF_CATEGORIES).items():
            changed = rows.assign(**{column: change(rows[column], random)})
            if not is_number:
                changed[column] = changed[column].astype(object)
            yield f"{column} {way}", *table_inputs(changed, preparation)
        names = [n for n in rows.columns if pd.api.types.is_numeric_dtype(rows[n])]
        other = names[(number + 1) % len(names)]
        if is_number and other != column:
            changed = rows.assign(**{column: rows[other], other: rows[column]})
            yield f"{column} and {other} exchanged", *table_inputs(changed, preparation)
    keys = id_keys(map(str, range(len(rows))))
    stress = open_stress("tables")
    inputs, measured = table_inputs(rows, preparation)
    for name, strength in stress.VARIANTS:
        # As in the stage `evaluate`, which changes inputs: what is measured of rows stays.
        yield f"{name} {strength}", stress.corrupt(inputs, keys, name, strength), measured


# Texts


def texts() -> Iterator[Case]:
    foreign = [text for text, _ in DATASETS["hausa"](0).train]
    for name, networks in (
        ("trec", ("linear", "ngrams")),
        ("rt_polarity", ("linear",)),
    ):
        found = DATASETS[name](0)
        rows = [*found.train, *found.test]
        order = np.random.default_rng(0).permutation(len(rows))
        parts = np.split(order, [len(order) // 2, 3 * len(order) // 4])
        train, val, traffic = ([rows[row] for row in part] for part in parts)
        reader = TextReader(Split(train, val, traffic))
        code = {label: place for place, label in enumerate(reader.names)}

        def labels(part: Rows, code: dict[str, int] = code) -> NDArray:
            return np.array([code[label] for label in labels_of(part)])

        for network in networks:
            served = trained("text", network, reader, len(reader.names))
            yield Case(
                f"{name} {network}",
                served,
                (*text_inputs(texts_of(val), reader.preparation), labels(val)),
                (*text_inputs(texts_of(traffic), reader.preparation), labels(traffic)),
                worse_texts(texts_of(traffic), foreign, reader.preparation),
            )


def text_inputs(texts: list[str], preparation: Any) -> tuple[Any, Mapping[str, NDArray]]:
    limits = SimpleNamespace(redact=[])
    prepared = open_requests("text").prepare([text.encode() for text in texts], limits)
    names = open_stress("text").SLICED_BY
    stored = [text or "" for text in prepared.content["text"]]
    return (
        encode_texts({"text": stored}, preparation),
        {name: np.array(prepared.measured[name], np.float64) for name in names},
    )


def worse_texts(
    texts: list[str], foreign: list[str], preparation: Any
) -> Iterator[tuple[str, Any, Mapping[str, NDArray]]]:
    keys = id_keys(texts)
    for name, strength in VARIANTS:
        yield (
            f"{name} {strength}",
            *text_inputs(corrupted(texts, keys, name, strength), preparation),
        )
    others = (foreign * (len(texts) // len(foreign) + 1))[: len(texts)]
    yield "another language", *text_inputs(others, preparation)
    reversed_words = [" ".join(text.split()[::-1]) for text in texts]
    yield "words in reverse", *text_inputs(reversed_words, preparation)


KINDS = {"tables": tables, "text": texts}

if __name__ == "__main__":
    main()
