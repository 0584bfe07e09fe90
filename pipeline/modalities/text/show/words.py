"""Words for the measurements of texts."""

from pipeline.modalities.protocols.show import Words
from pipeline.modalities.text.content.measurements import MEASUREMENTS

PERSONAL = {
    "emails": "e-mail addresses",
    "ibans": "account numbers (IBAN)",
    "cards": "card numbers",
    "ips": "IP addresses",
    "phones": "phone numbers",
}
WORDS = {
    "chars": Words("characters", "Characters of the text.", ("short", "long")),
    "words": Words("words", "Words of the text, between blanks.", ("few words", "many words")),
    "letters": Words("letters (share)", "Share of the characters that are letters, 0 to 1."),
    "digits": Words(
        "digits (share)",
        "Share of the characters that are digits, 0 to 1.",
        ("few digits", "many digits"),
    ),
    "capitals": Words("capitals (share)", "Share of the letters that are capitals, 0 to 1."),
    "punctuation": Words(
        "punctuation (share)", "Share of the characters that are no letter, digit or blank, 0 to 1."
    ),
    "longest": Words("longest word", "Characters of its longest word, between blanks."),
    "repeated": Words("repeated words (share)", "Share of its words that it has before, 0 to 1."),
    "markup": Words("markup", "How many tags and entities of HTML it has."),
    "lines": Words("lines", "Lines of the text."),
    "replaced": Words(
        "lost characters (share)", "Share of the characters that are U+FFFD, 0 to 1.", in_card=False
    ),
    "damaged": Words(
        "read wrongly before", "Whether it is UTF-8 that was read as Windows-1252.", in_card=False
    ),
    "urls": Words("addresses of pages", "How many addresses of pages it has.", ("no URL", "URL")),
    **{
        name: Words(what, f"How many {what} it has, those that were replaced among them.")
        for name, what in PERSONAL.items()
    },
}
assert list(WORDS) == [m.name for m in MEASUREMENTS]
TAILS = {name: WORDS[name].tails for name in ("chars", "urls", "digits")}
