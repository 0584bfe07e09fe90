"""Texts as people have them, made by seeded generators; nothing is copied from anywhere.

Each `make_` function writes the files of a case into a folder. Texts of a topic are unlike one
another, so that copies and near copies are those planted.
"""

import csv
import io
import json
import random
import unicodedata
from pathlib import Path

NOUNS = {
    "a": "parcel courier driver doorstep van carton depot label stamp pallet warehouse porch crate "
    "lorry envelope route",
    "b": "invoice fee charge card statement balance coupon receipt tax instalment bank budget "
    "ledger deposit total surcharge",
    "c": "password browser screen account button token session keyboard cursor router laptop "
    "window menu update tab folder",
    "d": "tulip soil shovel hedge compost seedling lawn beetle bucket trellis orchard root moss "
    "pond pear fern",
}
ADJECTIVES = [
    "old", "new", "late", "early", "heavy", "light", "broken", "spare", "second", "third", "blue",
    "green", "grey", "narrow", "wide", "quiet", "loud", "plain", "odd", "fine", "rough", "damp",
    "dry", "warm", "cold", "steep", "shallow", "bright", "dark", "hidden",
]  # fmt: skip
VERBS = [
    "arrived", "vanished", "stopped", "moved", "waited", "opened", "closed", "failed", "worked",
    "grew", "leaked", "turned", "froze", "blinked", "slipped", "returned", "stayed", "shrank",
    "doubled", "cracked",
]  # fmt: skip
ADVERBS = [
    "twice", "slowly", "again", "yesterday", "overnight", "quickly", "barely", "finally",
    "silently", "suddenly", "somehow", "indoors", "outside", "upstairs", "once", "halfway",
    "nearby", "politely", "abroad", "downhill",
]  # fmt: skip
TAILS = [
    "before the weekend", "after the storm", "near the station", "during lunch", "without notice",
    "since Tuesday", "behind the counter", "at the corner", "in week two", "on floor nine",
    "against all advice", "under a bridge", "for three days", "by mistake", "through fog",
    "beside the canal", "until midnight", "despite rain", "across our yard", "with the neighbours",
    "over Easter", "past the gate", "along a wall", "between two calls",
]  # fmt: skip

Row = list[str]


def texts(topic: str, num: int, seed: int) -> list[str]:
    """Texts of a topic, whose nouns tell it."""
    draw = random.Random(f"{topic} {seed}")
    nouns = NOUNS[topic].split()
    found: list[str] = []
    pieces: list[set[str]] = []
    while len(found) < num:
        text = " ".join(map(draw.choice, (ADJECTIVES, nouns, VERBS, ADVERBS, TAILS))) + ", "
        text += " ".join(map(draw.choice, (ADJECTIVES, nouns, VERBS, ADVERBS)))
        own = {text[place : place + 5] for place in range(len(text) - 4)}
        if all(len(own & other) < 0.2 * len(own | other) for other in pieces):
            found.append(text[0].upper() + text[1:])
            pieces.append(own)
    return found


def in_turn(num: int, seed: int, labels: list[str]) -> list[Row]:
    """Rows of a text and its label, the labels in turn."""
    topics = "abcd"[: len(labels)]
    piles = [iter(texts(topic, num, seed)) for topic in topics]
    pile = [list(each) for each in piles]
    return [[pile[i % len(labels)][i], labels[i % len(labels)]] for i in range(num)]


def write_csv(path: Path, rows: list[Row], delimiter: str = ",") -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue().encode())


def read_wrongly(text: str) -> str:
    """As a lenient program reads UTF-8 that it takes for Windows-1252."""
    none = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
    return "".join(chr(b) if b in none else bytes([b]).decode("cp1252") for b in text.encode())


def make_two_encodings(folder: Path) -> None:
    """Lines 62 to 73 are Windows-1252, all others UTF-8; nine texts were read wrongly before."""
    phrases = [
        "le café était fermé",
        "reçu 12 € de moins",
        "“pas d’accord” dit-il",
        "sœur et garçon déjà là",
        "à bientôt – merci",
    ]
    lines = [b"id,text,label\n"]
    for row, (text, label) in enumerate(in_turn(90, 1, ["complaint", "praise"])):
        text += ". " + ("IRMÃ CHEGA AMANHÃ" if row == 81 else phrases[row % 5])
        text = read_wrongly(text) if 72 <= row < 81 else text
        encoding = "cp1252" if 60 <= row < 72 else "utf-8"
        lines.append(f'q{row:02},"{text}",{label}\n'.encode(encoding))
    (folder / "tickets.csv").write_bytes(b"".join(lines))


def make_open_quotes(folder: Path) -> None:
    """Six texts begin with a quote that nobody closes, three have inches."""
    rows = [
        [t, "spam" if i % 3 == 2 else "ham"] for i, (t, _) in enumerate(in_turn(120, 2, ["", ""]))
    ]
    for row in (12, 30, 77, 78, 100, 104):
        rows[row][0] = '"' + rows[row][0]
    for row in (40, 41, 42):
        rows[row][0] = rows[row][0].replace(", ", ', a 5" ', 1)
    lines = "".join(f"{label}\t{text}\n" for text, label in rows)
    (folder / "messages.tsv").write_text("label\ttext\n" + lines, encoding="utf-8")


ODD_WORDS = [
    "null", "None", "NA", "N/A", "nan", "#N/A", "<NA>", "-nan", "007", "1e5", "True", "12.50",
    "2024-01-02",
]  # fmt: skip


def make_null_is_an_answer(folder: Path) -> None:
    pile = [texts(topic, 30, 3) for topic in "abc"]
    rows = [[pile[i % 3][i // 3], ["KE", "NA", "TZ"][i % 3]] for i in range(90)]
    for number, word in enumerate(ODD_WORDS):
        rows[5 + 6 * number][0] = word
    rows += [["", "KE"]] * 4
    rows += [[text, "KE"] for text in ("  ", "\t", "\u00a0\u3000", "\u200b", "\ufeff\u2060")]
    rows += [[text, ""] for text in texts("d", 3, 3)]
    write_csv(folder / "answers.csv", [["reply", "country"], *rows])


def make_five_spellings(folder: Path) -> None:
    pile = [texts(topic, 40, 4) for topic in "abc"]
    names = ["positif", "négatif", "neutre"]
    rows = [[pile[i % 3][i // 3], names[i % 3]] for i in range(120)]
    variants = [
        ("positif", "Positif", 5),
        ("positif", "positif ", 4),
        ("positif", "positif\u00a0", 2),
        ("négatif", unicodedata.normalize("NFD", "négatif"), 6),
        ("négatif", "NÉGATIF", 3),
        ("neutre", "neutre\u200b", 1),
    ]
    row = 0
    for word, variant, num in variants:
        while num:
            if rows[row][1] == word:
                rows[row][1] = variant
                num -= 1
            row += 1
    write_csv(folder / "avis.csv", [["text", "label"], *rows])


def make_dev_and_eval(folder: Path) -> None:
    """Of the 30 texts of eval 18 stand in train and two in dev, in several disguises."""
    names = ["logistics", "finance"]
    train = in_turn(120, 5, names)
    for row in range(8, 12):
        train[row][0] += " au café fermé"
    for row in range(12, 15):
        train[row][0] = "R&D isn't " + train[row][0]
    dev = in_turn(160, 5, names)[120:150]
    other = dict(zip(names, reversed(names), strict=True))
    test = in_turn(170, 5, names)[150:160]
    test += [list(row) for row in train[:6]]
    test += [[text, other[label]] for text, label in train[6:8]]
    test += [[unicodedata.normalize("NFD", text), label] for text, label in train[8:12]]
    test += [[t.replace("&", "&amp;").replace("'", "&#39;"), label] for t, label in train[12:15]]
    loud = [[text.upper().replace(" ", "  "), label] for text, label in train[15:18]]
    test += [[text.replace(",", "\u200b,"), label] for text, label in loud]
    test += [list(row) for row in dev[:2]]
    for name, rows in (("train", train), ("dev", dev), ("eval", test)):
        write_csv(folder / f"{name}.csv", [["text", "label"], *rows])
    (folder / "README.md").write_text("# Tickets\n\nSplit by month.\n", encoding="utf-8")


SIGNATURE = "Greenhouse Club of Springfield, open on Sundays"


def make_header_names_the_class(folder: Path) -> None:
    for topic, name in (("c", "screens"), ("d", "gardens")):
        pile = texts(topic, 180, 6)
        for number in range(45):
            subject, body = pile[number], ".\n".join(pile[number:180:45]) + ".\n"
            end = f"\n--\n{SIGNATURE}\n" if name == "gardens" and number < 40 else ""
            path = folder / name / f"{number:04}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            head = f"Newsgroups: forum.{name}\nLines: {4 + number % 9}\n"
            head += f"Subject: Re: {subject.split(',')[0].lower()}\n\n"
            path.write_text(head + body + end, encoding="utf-8")


PERSONAL = [
    "please write to lee.doe+news@mail.example.org today", "MY ADDRESS IS DOE@EXAMPLE.ORG",
    "ask <info@example.com>, not me", "cc: a_b@sub.example.net and c.d@example.net",
    "ring +1 202-555-0143 after six", "call (202) 555-0172 now", "fax 202.555.0188",
    "020 7946 0958 is my line", "charge 4111 1111 1111 1111 again",
    "card 5555-5555-5555-4444 declined", "it was 378282246310005",
    "pay to DE89 3704 0044 0532 0130 00", "iban GB82WEST12345698765432 please",
    "seen from 192.0.2.17", "blocked 2001:db8::7 at noon", "host 198.51.100.23:8080 is down",
]  # fmt: skip
DOUBLES = [
    "order 4111 1111 1111 1112 is late", "iban DE88 3704 0044 0532 0130 00 was refused",
    "ISBN 978-3-16-148410-0 is out of print", "version 4.1.2 crashed on 2024-07-28",
    "java.lang.Object@4b1c1ea0 in the log", "address 999.1.2.3 is no address",
    "it says 1700000000 there", "chapter 12:30:45 and section 5.5.5",
    "price 1.299.000 or 1,299,000", "find me @example on the board",
]  # fmt: skip


def make_personal(folder: Path) -> None:
    rows = [
        [f"m{i:02}", t, label] for i, (t, label) in enumerate(in_turn(80, 7, ["shipping", "money"]))
    ]
    for number, value in enumerate(PERSONAL):
        rows[3 * number][1] += ", " + value
    for number, value in enumerate(DOUBLES):
        rows[50 + 3 * number][1] += ", " + value
    write_csv(folder / "mails.csv", [["id", "text", "label"], *rows])


def make_votes(folder: Path) -> None:
    """An export of an annotation tool: 97 rows about 70 texts."""
    names = ["Positive", "Negative"]
    pile = [texts(topic, 35, 8) for topic in "ab"]
    other = dict(zip(names, reversed(names), strict=True))
    rows: list[Row] = []
    for task in range(70):
        label = names[task % 2]
        if task < 42:
            votes = [label]
        elif task < 47:
            votes = [""]
        elif task < 50:
            votes = [json.dumps({"choices": ["Negative", "Positive"]})]
        elif task < 59:
            votes = [label] * 2
        elif task < 63:
            votes = [label, other[label]]
        elif task < 68:
            votes = [label] * 3
        else:
            votes = [label, other[label], label]
        for person, vote in enumerate(votes, 1):
            number = len(rows) + 1
            at = f"2024-05-{1 + number % 28:02}T09:00:00Z"
            lead = str(3 + number % 17 * 1.5)
            text = pile[task % 2][task // 2]
            rows.append([str(4000 + number), str(person), at, str(100 + task), lead, vote, text])
    head = ["annotation_id", "annotator", "created_at", "id", "lead_time", "sentiment", "text"]
    write_csv(folder / "project-7.csv", [head, *rows])
