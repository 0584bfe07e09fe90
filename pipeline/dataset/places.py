"""Paths where stages and commands meet on disk, relative to the root of the project."""

from pathlib import Path

CATALOG_DIR = Path("data/catalog")
OPTOUT_DIR = Path("data/optout")
COLLECTED = Path("data/collected")
"""What people decided about served examples; ingest reads it beside the source."""
PROFILES_DIR = Path("data/profiles")
REVIEWS_DIR = Path("data/reviews")
PARAPHRASES_DIR = Path("data/paraphrases")
"""Versions of training examples that people bring; augment takes them as copies."""

RAW = Path("data/raw")
PROFILE_FILE = Path("data/profile.json")
QUARANTINE = Path("data/quarantine.csv")
EXPECTATIONS = Path("data/expectations.csv")
CLEAN = Path("data/clean")
FINDINGS = Path("data/findings")
SHARDS = Path("data/shards")
MODELS = Path("models")
SERVING = Path("models/serving")
ADJUSTMENTS = Path("models/adjustments")
EVALUATION = Path("data/evaluation")

SERVED = Path(".groundwork/serving")
"""Records of `groundwork serve`, and contents if it keeps them."""


def collected_file(dataset: str) -> Path:
    return COLLECTED / f"{dataset}.parquet"
