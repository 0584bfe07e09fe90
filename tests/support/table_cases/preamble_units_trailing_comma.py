"""A logger's export: two comment lines, names, units, then rows that end with a comma the header
does not have; a # inside some values.
"""

import datetime
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(2)
lines = [
    "# station 7; exported 2024-02-01, program 2.1",
    "# values marked check are estimates",
    "time,temp,humidity,flag,yield",
    ",°C,%,,kg",
]
start = datetime.datetime(2024, 1, 1)
for i in range(72):
    temp = 3.1 if i == 0 else round(4 + 6 * R.random(), 1)
    humidity = 81 if i == 0 else R.randrange(50, 95)
    flag = "check #2" if i % 12 == 5 else "ok"
    crop = 12.4 if i == 0 else round(2 * temp + humidity / 15 + R.random(), 1)
    lines.append(
        f"{start + datetime.timedelta(hours=i):%Y-%m-%d %H:%M},{temp},{humidity},{flag},{crop},"
    )
(FOLDER / "logger.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
