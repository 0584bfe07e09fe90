"""Forty people, three rows each; sixteen have their id in other spellings (case, blanks, kind of
hyphen). The label is a coin toss a person, the features are a fingerprint.
"""

import csv
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(10)
rows = []
for person in range(40):
    name = f"P-{person + 1:04d}"
    other = [name.lower(), name + " ", name.replace("-", "\u2011"), "\u00a0" + name][person % 4]
    ids = [name, name, other] if person % 5 < 2 else [name] * 3
    marks = [R.gauss(0, 1) for _ in range(4)]
    label = R.choice(["ill", "well"])
    for visit in range(3):
        rows.append(
            [ids[visit], visit + 1] + [f"{m + R.gauss(0, 0.02):.3f}" for m in marks] + [label]
        )
R.shuffle(rows)
with (FOLDER / "voice.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["patient", "visit", "m1", "m2", "m3", "m4", "status"])
    writer.writerows(rows)
