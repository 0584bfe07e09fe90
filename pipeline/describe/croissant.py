"""Croissant metadata of data/clean, for machines: MLCommons Croissant 1.0, JSON-LD.

Without dates and versions, so that the same data have the same metadata.
Format: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dataset.catalog import Entry
from pipeline.modalities.images.prepare.measurements import MEASUREMENTS
from pipeline.modalities.images.show.words import WORDS

SPEC = "http://mlcommons.org/croissant/1.0"
SPDX = "https://spdx.org/licenses/{}.html"
FIELDS = {
    "id": ("sc:Text", "The example's key in its source."),
    "image": ("sc:ImageObject", "The encoded image, without personal metadata."),
    "label": ("sc:Text", "Class name, as cleaned."),
    "label_given": ("sc:Text", "Class name, as the source has it."),
    "split": ("sc:Text", "train, val or test."),
    "group": ("sc:Text", "Examples of one group are never in different splits."),
    "source": ("sc:Text", "Where the image came from."),
    "license": ("sc:Text", "Licence of this example."),
    "purposes": ("sc:Text", "What it may be used for, with spaces between; null for anything."),
    "sha256": ("sc:Text", "Digest of the encoded image."),
    **{
        m.name: (
            "sc:Float" if m.type.startswith("float") else "sc:Integer",
            WORDS[m.name].meaning,
        )
        for m in MEASUREMENTS
    },
    "weight": ("sc:Float", "Weight in the training loss."),
}
# As the specification prints it.
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def write_croissant(
    dataset: str, entry: Entry, classes: Sequence[str], files: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The metadata as a JSON document; `files` as in the index of data/clean.

    Each file is a distribution and a record set of its own, which is how mlcroissant reads them.
    """
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": SPEC,
        "name": dataset,
        "alternateName": entry.title or dataset,
        "description": entry.description or f"Images of {len(classes)} classes.",
        "license": license_url(entry.license),
        "url": entry.homepage or "../data/clean",
        "keywords": ["image classification", *classes[:50]],
    }
    if entry.citation:
        document["citeAs"] = entry.citation
    document["distribution"] = [
        {
            "@type": "cr:FileObject",
            "@id": file["name"],
            "name": file["name"],
            "contentUrl": f"../data/clean/{file['name']}",
            "encodingFormat": "application/x-parquet",
            "sha256": file["sha256"],
        }
        for file in files
    ]
    document["recordSet"] = [record_set(file["name"]) for file in files]
    return document


def record_set(file: str) -> dict[str, Any]:
    name = file.removesuffix(".parquet")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": {"@id": f"{name}/id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column}",
                "name": column,
                "description": meaning,
                "dataType": kind,
                "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
            }
            for column, (kind, meaning) in FIELDS.items()
        ],
    }


def license_url(license: str) -> str:
    """Where the licence is, if it has an SPDX identifier; else its name."""
    is_name = re.fullmatch(r"[A-Za-z0-9.+-]+", license) and not license.startswith("LicenseRef-")
    return SPDX.format(license) if is_name else license
