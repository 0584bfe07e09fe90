"""Croissant metadata of data/clean, for machines: MLCommons Croissant 1.0, JSON-LD.

It has no dates or versions, so that the same data have the same metadata.
Format: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

from collections.abc import Mapping
from typing import Any

from pipeline.dataset.catalog import Entry
from pipeline.describe.licenses import LIST, OWN, identifier
from pipeline.modalities.protocols.show import Show
from pipeline.targets.protocols.describe import Describe

SPEC = "http://mlcommons.org/croissant/1.0"
SPDX = LIST + "/{}.html"
Fields = Mapping[str, tuple[str, str]]
"""Type and meaning of columns, by name."""
# As printed in the specification.
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
    dataset: str, entry: Entry, index: Mapping[str, Any], show: Show, target: Describe
) -> dict[str, Any]:
    """Make the metadata as a JSON document; `index` is that of data/clean.

    Each file is a separate distribution and record set, which is how mlcroissant reads them.
    """
    files, labels = index["files"], index["target"]
    content = f"{show.NOUNS.capitalize()} of {target.summary(labels)}."
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": SPEC,
        "name": dataset,
        "alternateName": entry.title or dataset,
        "description": entry.description or content,
        "license": license_url(entry.license),
        "url": entry.homepage or "../data/clean",
        "keywords": [f"{show.HUB_MODALITY} {target.TASK}", *target.keywords(labels)],
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
    fields = fields_of(show, target)
    document["recordSet"] = [record_set(file["name"], fields) for file in files]
    return document


def fields_of(show: Show, target: Describe) -> Fields:
    """Columns of data/clean to describe, in order."""
    return {
        "id": ("sc:Text", "The example's key in its source."),
        **{name: show.FIELDS[name] for name in show.CONTENT},
        **target.FIELDS,
        "split": ("sc:Text", "train, val or test."),
        "group": ("sc:Text", "Examples of one group are never in different splits."),
        "source": ("sc:Text", f"Where the {show.NOUN} came from."),
        "license": ("sc:Text", "Licence of this example."),
        "purposes": (
            "sc:Text",
            "What it may be used for, with spaces between; null for anything.",
        ),
        "sha256": show.FIELDS["sha256"],
        **{name: show.FIELDS[name] for name in show.WORDS},
        "weight": ("sc:Float", "Weight in the training loss."),
    }


def record_set(file: str, fields: Fields) -> dict[str, Any]:
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
            for column, (kind, meaning) in fields.items()
        ],
    }


def license_url(license: str) -> str:
    """The URL of a licence with an SPDX identifier; of any other its name."""
    name = identifier(license)
    is_one = name is not None and " " not in name and not name.startswith(OWN)
    return SPDX.format(name) if is_one else license
