"""Quarterly figures of eight firms: published 45 days after the quarter, two quarters of each
restated about a year later under the same date.
"""

import csv
import datetime
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(9)
ends = [
    datetime.date(year, month, day)
    for year in (2019, 2020, 2021)
    for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))
]
rows = []
for firm in range(8):
    level = R.uniform(50, 200)
    for q, end in enumerate(ends):
        level *= R.uniform(0.9, 1.12)
        margin = round(R.uniform(-0.1, 0.2), 3)
        distress = int(margin + 0.1 * R.random() < 0.02)
        rows.append(
            [f"F{firm}", end, end + datetime.timedelta(days=45), round(level, 2), margin, distress]
        )
        if q in (firm % 4, 5 + firm % 3):
            later = end + datetime.timedelta(days=45 + 365)
            rows.append(
                [
                    f"F{firm}",
                    end,
                    later,
                    round(level * 0.8, 2),
                    round(margin - 0.05 * distress, 3),
                    distress,
                ]
            )
R.shuffle(rows)
with (FOLDER / "figures.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["firm", "period_end", "published", "revenue", "margin", "distress_next_year"])
    writer.writerows(rows)
