"""Numbers and addresses of people in texts: e-mails, phones, cards, IBANs and IP addresses.

Patterns find candidates, checksums decide (Luhn for cards, ISO 13616 for IBANs). Names of people
are out of reach of patterns.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

KINDS = ("email", "iban", "card", "ip", "phone")
"""Kinds in the order in which they are looked for: what one has found is closed to the next."""
PLACEHOLDER = re.compile(rf"<({'|'.join(KINDS)})>")
MAY_HAVE = re.compile(r"@|\d|:")
"""A text without any of these has none."""

EMAIL = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9_%+-]{1,64}(?:\.[A-Za-z0-9_%+-]{1,64}){0,8}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w-])"
)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
CARD = re.compile(r"(?<![\d.,-])(?<!\d )\d(?:[ -]?\d){12,18}(?![ -]?\d)(?![.,]\d)")
IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
PHONE = re.compile(
    r"(?<![\w.,:/#@-])"
    r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{1,5}(?:[ .-]?\d{2,5}){1,5}"
    r"(?!\d|[.,:/-]\d)"
)
DATE = re.compile(r"(?:19|20)\d\d[-. ]\d{1,2}[-. ]\d{1,2}|\d{1,2}[-. ]\d{1,2}[-. ](?:19|20)?\d\d")
LENGTH_OF_CARD = (13, 19)
DIGITS_OF_PHONE = (9, 15)
"""Fewer are as often something else; E.164 allows no more."""
PLAIN_PHONE = re.compile(r"0\d{9,12}")
"""Digits in a row are a phone number where they begin with a trunk prefix; others count seconds,
articles and orders."""


class PersonalValue(NamedTuple):
    """A value in a text, at `[start, end)`."""

    kind: str
    start: int
    end: int


def find_personal(text: str) -> list[PersonalValue]:
    """All values, in the order of the text; none overlaps another."""
    if not MAY_HAVE.search(text):
        return []
    found: list[PersonalValue] = []
    for kind in KINDS:
        for start, end in _FINDERS[kind](text):
            if all(end <= other.start or start >= other.end for other in found):
                found.append(PersonalValue(kind, start, end))
    return sorted(found, key=lambda each: each.start)


def counted(text: str) -> dict[str, int]:
    """How many values of each kind are in a text, those that were replaced among them."""
    counts = dict.fromkeys(KINDS, 0)
    for each in find_personal(text):
        counts[each.kind] += 1
    if "<" in text:
        for match in PLACEHOLDER.finditer(text):
            counts[match[1]] += 1
    return counts


def redacted(text: str, kinds: Collection[str]) -> tuple[str, list[str]]:
    """The text with `<email>` in place of each e-mail and so on, and which kinds were replaced."""
    found = [each for each in find_personal(text) if each.kind in kinds]
    for each in reversed(found):
        text = f"{text[: each.start]}<{each.kind}>{text[each.end :]}"
    return text, sorted({each.kind for each in found})


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (match.span() for match in EMAIL.finditer(text))


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in IBAN.finditer(text):
        # What follows the account in capitals may look like a part of it.
        for end in range(len(match[0]), 14, -1):
            is_whole = match[0][end - 1] != " " and match[0][end : end + 1] in ("", " ")
            if is_whole and is_iban(match[0][:end]):
                yield match.start(), match.start() + end
                break


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if is_card(digits) and _is_grouped(match[0]):
            yield match.span()


def _is_grouped(text: str) -> bool:
    """Whether groups of digits are as on a card: one, or several of four to seven."""
    groups = re.split(r"[ -]", text)
    return len(groups) == 1 or all(3 <= len(group) <= 7 for group in groups)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            if address.version == 4 or len(match[0]) > 3:  # `::` is one too
                yield match.span()


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in PHONE.finditer(text):
        if is_phone(match[0]):
            yield match.span()


def is_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    if not DIGITS_OF_PHONE[0] <= len(digits) <= DIGITS_OF_PHONE[1] or DATE.match(text):
        return False
    if digits == text:
        return bool(PLAIN_PHONE.fullmatch(text))
    if text.startswith(("+", "(", "0")):
        return True
    groups = re.split(r"[ .-]", text)
    # Two signs between groups of three, three and four digits, as in North America; a price in
    # millions has groups of three alone, an ISBN one of one.
    return [len(group) for group in groups] == [3, 3, 4]


def is_card(digits: str) -> bool:
    """Whether digits are of the length of a card's number and end with its check digit (Luhn)."""
    if not LENGTH_OF_CARD[0] <= len(digits) <= LENGTH_OF_CARD[1] or digits[0] in "0789":
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 * (number > 9)
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether an account's number has the right check digits (ISO 13616)."""
    code = text.replace(" ", "")
    if not 15 <= len(code) <= 34:
        return False
    turned = code[4:] + code[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


_FINDERS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _emails,
    "iban": _ibans,
    "card": _cards,
    "ip": _addresses,
    "phone": _phones,
}
