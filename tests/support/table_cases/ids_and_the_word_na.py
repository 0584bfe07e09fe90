"""Accounts: numbers of 18 digits that differ in the last places, NA for Namibia, None for no
collateral, codes like 12E3, leading zeros.
"""

import csv
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(3)
rows = []
for i in range(93):
    account = "" if i >= 90 else str(900719925474099300 + i // 2)
    country = "" if i % 23 == 7 else ("NA" if i % 8 == 3 else R.choice(["ZA", "BW", "DE"]))
    collateral = ("None", "House", "Car")[i % 3]
    code = ("12E3", "120E2", "7E1", "70E0")[i % 4]
    postcode = ("01067", "00501", "80331")[i % 3 if i % 5 else 0]
    amount = R.randrange(20, 400) * 25
    risk = amount / 10000 + (0.5 if collateral == "None" else 0) + 0.4 * R.random()
    rows.append(
        [account, country, postcode, code, collateral, amount, "yes" if risk > 0.8 else "no"]
    )
R.shuffle(rows)
with (FOLDER / "accounts.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["account", "country", "postcode", "code", "collateral", "amount", "defaulted"])
    writer.writerows(rows)
