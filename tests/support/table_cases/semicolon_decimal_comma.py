"""Flats as a German spreadsheet saves them: UTF-8 with BOM, CRLF, semicolons, decimal comma, points
for thousands, line breaks in quotes.
"""

import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(1)


def german(x, digits):
    return f"{x:,.{digits}f}".translate(str.maketrans(",.", ".,"))


districts = {"Nord": 12480, "Süd": 9305, "Ost": 980, "West": 20110, "Mitte": 31000}
lines = ["Objekt-Nr;Stadtteil;Wohnfläche;Einwohner;Bemerkung;Miete"]
for i in range(1, 73):
    district = "Nord" if i == 1 else R.choice(list(districts))
    area = 130.0 if i == 1 else round(30 + R.random() * 110, 1)
    rent = 1234.5 if i == 1 else round(9 * area + districts[district] / 400 + R.random() * 60, 2)
    note = '"Balkon;\r\nKeller"' if i % 6 == 0 else ""
    people = german(districts[district], 0)
    lines.append(f"{i:03d};{district};{german(area, 1)};{people};{note};{german(rent, 2)}")
(FOLDER / "wohnungen.csv").write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode("utf-8"))
