"""Loans as people type them: currency, thousands, brackets and a typographic minus for negative
sums, percent, yes in eight ways, one city in five ways.
"""

import csv
import random
import sys
import unicodedata
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(5)
yes, no = ["Yes", "Y", "yes", "TRUE"], ["No", "N", "no", "FALSE"]


def spelling(city, i):
    return (city, city.upper(), city + " ", unicodedata.normalize("NFD", city), city + "\u00a0")[
        i % 5
    ]


rows = []
for i in range(100):
    amount = 1250.0 if i == 0 else R.randrange(4, 90) * 125.0
    balance = (
        -320.5 if i == 0 else -15.0 if i == 1 else R.choice([-1, 1]) * R.randrange(10, 5000) / 2
    )
    shown = f"{abs(balance):,.2f}"
    shown = shown if balance > 0 else "\u2212" + shown if i % 10 == 1 else f"({shown})"
    rate = 12.5 if i == 0 else R.randrange(4, 40) / 2
    limit = "1e400" if i == 30 else "inf" if i == 60 else str(R.randrange(1, 50) * 100)
    employed = (yes if i % 5 < 3 else no)[i % 4]
    bad = rate / 20 + (0.3 if balance < 0 else 0) + R.random() * 0.5 > 0.95
    label = ("Yes", "yes ", "YES")[i % 3] if bad else ("No", "no ", "NO")[i % 3]
    rows.append(
        [
            f"${amount:,.2f}",
            shown,
            f"{rate:g}%" if i % 4 else f"{rate:g} %",
            employed,
            spelling(("Málaga", "Cádiz", "Jaén")[i % 3], i // 3),
            limit,
            "",
            label,
        ]
    )
with (FOLDER / "loans.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ["amount", "balance", "rate", "employed", "city", "limit", "old_code", "default"]
    )
    writer.writerows(rows)
