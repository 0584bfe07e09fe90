"""Heart records: ? and -9 (also written -9.0) and 999 mean missing and are told; 0 in chol is too
and is not; -9 degrees outdoors is a temperature.
"""

import csv
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(6)
rows = []
for i in range(150):
    sick = i % 2
    chol = 0 if i % 5 == 2 else R.randrange(126, 400) + 60 * sick
    bp = ("-9", "-9.0")[i // 15 % 2] if i % 15 == 4 else str(R.randrange(100, 180) + 8 * sick)
    vessels = "?" if i % 15 in (6, 13) else str(R.randrange(0, 3) + sick)
    wait = 999 if i % 6 == 1 else R.randrange(1, 60)
    outdoor = (
        -9 if i % 25 == 9 else (-15 if i == 0 else R.choice([t for t in range(-14, 24) if t != -9]))
    )
    rows.append(
        [R.randrange(35, 78), chol, bp, vessels, wait, outdoor, ("absent", "present")[sick]]
    )
R.shuffle(rows)
with (FOLDER / "heart.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["age", "chol", "bp", "vessels", "wait_days", "outdoor_c", "disease"])
    writer.writerows(rows)
