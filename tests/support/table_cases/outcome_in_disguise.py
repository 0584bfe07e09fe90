"""Credits sorted by outcome, with a nameless row number, a status code that is the outcome, a fee
that only follows default, and a date that only defaults have.
"""

import csv
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(11)
people = []
for _ in range(200):
    income, age = R.randrange(15, 90), R.randrange(20, 70)
    people.append(
        [income + age / 4 + R.gauss(0, 25), income, age, R.choice(["car", "house", "study"])]
    )
people.sort(key=lambda p: -p[0])  # the 100 best pay: income tells something, not all
rows = []
for bad, part in ((0, people[:100]), (1, people[100:])):
    R.shuffle(part)
    for _, income, age, purpose in part:
        i = len(rows)
        fee = f"{R.randrange(20, 300)}.00" if bad and i % 100 >= 7 else "0.00"
        closed = f"2022-{R.randrange(1, 13):02d}-{R.randrange(1, 29):02d}" if bad else ""
        rows.append(
            [
                i,
                f"L{i + 1:05d}",
                income,
                age,
                purpose,
                "BA"[bad],
                fee,
                closed,
                ("paid", "default")[bad],
            ]
        )
with (FOLDER / "credit.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [
            "",
            "loan_id",
            "income",
            "age",
            "purpose",
            "status_code",
            "collection_fee",
            "written_off_on",
            "outcome",
        ]
    )
    writer.writerows(rows)
