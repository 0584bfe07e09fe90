"""Visits written day/month/year, births with two digits of the year; the first 40 rows could be
either way round. ambiguous.csv: every row could.
"""

import csv
import datetime
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(4)
offsets = R.sample(range(1, 110), 75) + R.sample(
    range(110, 358), 45
)  # more in spring: a swap of day and month shows
visits = [datetime.date(2023, 1, 1) + datetime.timedelta(days=i) for i in offsets]
early = [day for day in visits if day.day <= 12][:40]
rest = [day for day in visits if day not in early]
R.shuffle(early)
R.shuffle(rest)


def row(i, day):
    year = (
        (1931 + 7 * i % 38) if i % 3 == 0 else (1969 + 5 * i % 31) if i % 3 == 1 else 2000 + i % 6
    )
    birth = f"{1 + 11 * i % 28:02d}/{1 + 5 * i % 12:02d}/{year % 100:02d}"
    stay = R.randrange(1, 15)
    again = "yes" if stay + (2023 - year) / 10 + 6 * R.random() > 15 else "no"
    return [f"{day:%d/%m/%Y}", f"V{i:03d}", birth, stay, again]


def write(name, days):
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["visit", "case", "birth", "stay", "readmitted"])
        writer.writerows(row(i, day) for i, day in enumerate(days))


write("visits.csv", early + rest)
write("ambiguous.csv", [datetime.date(2023, 1 + i % 12, 1 + 5 * i % 12) for i in range(72)])
