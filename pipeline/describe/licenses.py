"""Licences of data by their SPDX identifiers, which others can look up."""

import difflib
import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

LIST = "https://spdx.org/licenses"
OWN = "LicenseRef-"
USUAL = (
    "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0",
    "CC-BY-NC-ND-4.0", "CC-BY-3.0", "CC-BY-SA-3.0", "PDDL-1.0", "ODC-By-1.0", "ODbL-1.0",
    "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "CDLA-Sharing-1.0", "O-UDA-1.0", "C-UDA-1.0",
    "OGL-UK-3.0", "DL-DE-BY-2.0", "DL-DE-ZERO-2.0", "etalab-2.0", "MIT", "Apache-2.0",
    "BSD-3-Clause", "BSD-2-Clause", "GPL-3.0-only", "AGPL-3.0-only",
)  # fmt: skip
"""Licences that data have most often; see `advice`."""
ALIASES = {
    "cc0": "CC0-1.0", "public-domain": "CC0-1.0", "cc-by": "CC-BY-4.0", "cc-by-sa": "CC-BY-SA-4.0",
    "cc-by-nc": "CC-BY-NC-4.0", "odbl": "ODbL-1.0", "pddl": "PDDL-1.0", "gpl": "GPL-3.0-only",
}  # fmt: skip
ALIKE = 0.8  # of difflib


def identifier(license: str) -> str | None:
    """The SPDX expression in the spelling of the list, `CC-BY-4.0` for `cc-by-4.0`; None if it is
    none. `LicenseRef-NAME` is one too, for terms of one's own."""
    try:
        return canonicalize_license_expression(license)
    except InvalidLicenseExpression:
        return None


def advice(license: str) -> str | None:
    """What is wrong with a licence that is no SPDX expression, and what to write; else None."""
    if identifier(license) is not None:
        return None
    written = re.sub(r"[\s_,]+", "-", license.strip().lower())
    by_spelling = {name.lower(): name for name in USUAL} | ALIASES
    alike = difflib.get_close_matches(written, by_spelling, n=1, cutoff=ALIKE)
    meant = f"did you mean {by_spelling[alike[0]]}?" if alike else f"for one of your own: {OWN}NAME"
    return f"{license!r} is no identifier of {LIST}; {meant}"
