"""train.csv and test.csv: columns in another order (age and hours change places), one column
missing, one more, a blank after each comma and a full stop after the labels of test.
"""

import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(7)


def person():
    age, hours = R.randrange(41, 80), R.randrange(10, 40)
    work = R.choice(["Private", "State", "Self-employed"])
    rich = (age - 40) / 40 + hours / 60 + 0.5 * R.random() > 1.1
    return age, work, R.choice(["north", "south"]), hours, ">50K" if rich else "<=50K"


train, test = [person() for _ in range(120)], [person() for _ in range(40)]
lines = ["age,work,region,hours,income"] + [f"{a},{w},{r},{h},{y}" for a, w, r, h, y in train]
(FOLDER / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
lines = ["hours, work, age, comment, income"] + [f"{h}, {w}, {a}, , {y}." for a, w, r, h, y in test]
(FOLDER / "test.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
