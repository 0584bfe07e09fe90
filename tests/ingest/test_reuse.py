"""Files of data/raw are used again while what they were made of stays, and never after."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.splits.rule import SplitRule
from pipeline.ingest.admission import Terms
from pipeline.ingest.reuse import DVC_CACHE, UNSETTLED_NS, KnownPart, KnownParts
from pipeline.ingest.rows import ExampleRows, IngestJob, RawPart, look_at, make_part
from pipeline.runtime.cache import CACHE
from pipeline.sources import source as source_module
from pipeline.sources.source import examples_table
from tests.support.entries import KIND, Entry, open_source

NUM = 40
LATER = 10**12  # ns, after which files count as settled


@pytest.fixture
def pets(here, monkeypatch, png) -> Path:
    """40 images in two class folders, in batches of about 4; one behind a link; 5 unlabelled."""
    monkeypatch.setattr(source_module, "EXAMPLES_PER_BATCH", 4)
    for number in range(NUM):
        path = Path(f"pets/{'cat' if number % 2 else 'dog'}/{number:02d}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    for number in range(5):
        Path(f"pets/unsorted-{number}.png").write_bytes(png(50 + number))
    Path("pets/.store").mkdir()
    Path("pets/.store/1").write_bytes(png(77))
    Path("pets/dog/10-linked.png").symlink_to("../.store/1")
    return Path("pets")


def jobs(uri: Path, **changes) -> list[IngestJob]:
    entry = Entry(uri=str(uri), license="CC0-1.0")
    source = open_source(entry)
    given = {
        "modality": KIND.modality,
        "target": KIND.target,
        "index": dict(source.target),
        "splits_given": source.splits,
        "fractions": SplitRule(),
        "seed": 0,
        "limits": SimpleNamespace(max_megapixels=1),
        "source": "pets",
    }
    terms = terms_of(**{k: v for k, v in changes.items() if k in Terms.__dataclass_fields__})
    of_job = {k: v for k, v in changes.items() if k not in Terms.__dataclass_fields__}
    return [IngestJob(batch, **given | of_job, terms=terms) for batch in source.batches]


def terms_of(**changes) -> Terms:
    given = {
        "license": "CC0-1.0",
        "purposes": None,
        "purpose": "training",
        "opted_out": frozenset(),
        "pseudonym_key": None,
    }
    return Terms(**given | changes)


def known_parts(**settings: object) -> KnownParts:
    return KnownParts("pets", KIND.model_dump() | settings)


def build(folder: str, uri: Path, setting: str = "", **changes) -> list[RawPart]:
    """As ingest does, and then DVC, which takes the files into its cache."""
    place, after, parts = Path(folder), {}, []
    place.mkdir()
    given = jobs(uri, **changes)
    known = known_parts(setting=setting)
    found = known.find((job.read for job in given), time.time_ns() + LATER)
    for number, (job, (_, stamp, before)) in enumerate(zip(given, found, strict=True)):
        part = make_part(job, place, number, before)
        parts.append(part)
        if stamp:
            after[stamp] = part.known
        for cached, file in zip(in_cache(part.known), part.known.files, strict=True):
            if file:
                cached.parent.mkdir(parents=True, exist_ok=True)
                if cached.is_dir():
                    cached.rmdir()
                shutil.copyfile(place / file["name"], cached)
    known.keep(after)
    return parts


def build_anew(folder: str, uri: Path) -> list[RawPart]:
    place = Path(folder)
    place.mkdir()
    return [make_part(job, place, number) for number, job in enumerate(jobs(uri))]


def in_cache(part: KnownPart) -> list[Path]:
    return [DVC_CACHE / (md5 or "none")[:2] / (md5 or "none")[2:] for md5 in part.md5s]


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def plain(parts: list[RawPart]) -> list[tuple]:
    return [(part.known, *rows_of(part.rows)) for part in parts]


def rows_of(rows: ExampleRows) -> tuple:
    plain = rows._replace(table=rows.table.to_pylist(), pool=rows.pool.to_pylist())
    return tuple(plain)


def known(parts: list[RawPart]) -> set[bool]:
    return {part.is_known for part in parts}


def test_what_stays_is_not_made_again(pets):
    first = build("first", pets)
    assert len(first) > 8
    again = build("again", pets)
    assert (known(first), known(again)) == ({False}, {True})
    assert contents("again") == contents("first")
    assert plain(again) == plain(first)


def add(pets: Path, png: Callable) -> None:
    (pets / "cat/07a.png").write_bytes(png(99))


def add_many(pets: Path, png: Callable) -> None:
    for number in range(6):
        (pets / f"dog/10-{number}.png").write_bytes(png(90 + number))


def edit(pets: Path, png: Callable) -> None:
    """To other pixels, with the size and the time that it had."""
    path = pets / "dog/10.png"
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(pets: Path, png: Callable) -> None:
    other = Path("other.png")
    other.write_bytes(png(98))
    before = (pets / "dog/10.png").stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(pets / "dog/10.png")


def remove(pets: Path, png: Callable) -> None:
    (pets / "dog/10.png").unlink()


def rename(pets: Path, png: Callable) -> None:
    (pets / "dog/10.png").rename(pets / "dog/10a.png")


def relabel(pets: Path, png: Callable) -> None:
    (pets / "dog/10.png").rename(pets / "cat/10.png")


def edit_what_a_link_leads_to(pets: Path, png: Callable) -> None:
    path = pets / ".store/1"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)


def turn_a_link(pets: Path, png: Callable) -> None:
    (pets / ".store/2").write_bytes(png(78))
    (pets / "dog/10-linked.png").unlink()
    (pets / "dog/10-linked.png").symlink_to("../.store/2")


def break_a_link(pets: Path, png: Callable) -> None:
    (pets / ".store/1").unlink()


CHANGES = [
    add,
    add_many,
    edit,
    replace,
    remove,
    rename,
    relabel,
    edit_what_a_link_leads_to,
    turn_a_link,
    break_a_link,
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_made_anew_to_the_bytes_of_all(pets, png, change):
    build("first", pets)
    change(pets, png)
    grown = build("grown", pets)
    clean = build_anew("clean", pets)
    assert contents("grown") == contents("clean")
    assert plain(grown) == plain(clean)
    assert known(grown) == {True, False}
    assert known(build("again", pets)) == {True}


def test_examples_without_a_label_have_files_of_their_own_and_move_no_other(pets):
    parts = build("with", pets)
    names = {file["name"] for part in parts for file in part.known.files if file}
    pool = sorted(name for name in names if name.startswith("pool-"))
    assert names == contents("with").keys()
    assert sum(pq.read_table(Path("with") / name).num_rows for name in pool) == 5
    for path in pets.glob("unsorted-*.png"):
        path.unlink()
    build("without", pets)
    without = contents("without")
    assert {n: data for n, data in contents("with").items() if n not in pool} == without


def test_files_that_changed_a_moment_ago_are_read_again(pets):
    """They count as settled when the last that changed did so two seconds before."""
    changed = max(path.stat().st_ctime_ns for path in pets.rglob("*.png"))
    for after, settled in ((UNSETTLED_NS, False), (UNSETTLED_NS + 1, True)):
        found = known_parts().find([job.read for job in jobs(pets)], changed + after)
        stamps = [stamp for _, stamp, _ in found]
        assert all(stamps) == settled
        assert any(stamps)  # of those before


def test_a_photo_from_the_future_is_known(pets):
    os.utime(pets / "cat/01.png", ns=(2**62, 2**62))
    build("first", pets)
    assert known(build("again", pets)) == {True}


def test_other_settings_make_all_anew(pets):
    build("first", pets)
    assert known(build("second", pets, setting="another")) == {False}


def first_known(pets: Path, settings: dict) -> KnownPart | None:
    """What is known of the first batch by an ingest with these settings."""
    _, _, part = next(known_parts(**settings).find([jobs(pets)[0].read], time.time_ns() + LATER))
    return part


def test_what_is_known_is_of_all_settings_in_any_order(pets):
    some = frozenset(map(str, range(50)))
    given = {"license": "MIT", "opted_out": some, "terms": terms_of(opted_out=some)}
    [(_, stamp, _)] = known_parts().find([jobs(pets)[0].read], time.time_ns() + LATER)
    files = [{"name": "part-00000.parquet", "rows": 3}, None]
    part = KnownPart(files, ["cd", None], {"opted out": 1}, 7)
    known_parts(**given).keep({stamp: part})
    assert first_known(pets, given) == part
    back = frozenset(map(str, range(49, -1, -1)))
    turned = given | {"opted_out": back, "terms": terms_of(opted_out=back)}
    assert first_known(pets, dict(reversed(turned.items()))) == part
    for other in (
        {"license": "CC0"},
        {"opted_out": frozenset()},
        {"terms": terms_of()},
        {"more": 1},
    ):
        assert first_known(pets, given | other) is None
    [(_, _, other)] = KnownParts("others", KIND.model_dump() | given).find(
        [jobs(pets)[0].read], time.time_ns() + LATER
    )
    assert other is None


def test_what_is_kept_has_no_ids(pets):
    first = build("first", pets)
    tables = [table for part in first for table in (part.rows.table, part.rows.pool)]
    ids = [row["id"] for table in tables for row in table.to_pylist()]
    [kept] = CACHE.rglob("*.parquet")
    text = "".join(row["part"] for row in pq.read_table(kept).to_pylist())
    assert len(ids) == NUM + 1 + 5
    assert "rows" in text
    assert not [id for id in ids if id in text]


def test_what_is_known_can_be_looked_at_without_writing_it(pets):
    first = build("first", pets)
    for job, part in zip(jobs(pets), first, strict=True):
        Path("pets").rename("elsewhere")  # so that nothing can be read
        known = look_at(job, part.known)
        Path("elsewhere").rename("pets")
        assert rows_of(known) == rows_of(part.rows)
        assert rows_of(look_at(job)) == rows_of(known)


@pytest.mark.parametrize("harm", ["flip", "cut", "none", "folder"])
def test_what_the_cache_has_otherwise_is_made_anew(pets, harm):
    first = build("first", pets)
    cached, _ = in_cache(first[1].known)
    data = bytearray(cached.read_bytes())
    data[len(data) // 2] ^= 1
    if harm in ("none", "folder"):
        cached.unlink()
        if harm == "folder":
            cached.mkdir()
    else:
        cached.write_bytes(data if harm == "flip" else data[:-1])
    again = build("again", pets)
    assert [part.is_known for part in again] == [True, False] + [True] * (len(again) - 2)
    assert contents("again") == contents("first")


def test_where_the_cache_should_be_is_something_else(pets):
    first = build("first", pets)
    shutil.rmtree(DVC_CACHE)
    DVC_CACHE.touch()
    Path("again").mkdir()
    pairs = zip(jobs(pets), first, strict=True)
    again = [make_part(t, Path("again"), n, part.known) for n, (t, part) in enumerate(pairs)]
    assert known(again) == {False}
    assert contents("again") == contents("first")


def test_an_archive_is_read_again(pets):
    archive = shutil.make_archive("pets", "tar", pets)
    build("first", Path(archive))
    [kept] = CACHE.rglob("*.parquet")
    assert pq.read_table(kept).num_rows == 0


def test_a_batch_of_which_nothing_may_be_used_is_known_too(pets):
    gone = frozenset(row["id"] for row in jobs(pets)[1].read().to_pylist())
    first = build("first", pets, opted_out=gone)
    again = build("again", pets, opted_out=gone)
    assert first[1].known.files == [None, None]
    assert known(again) == {True}
    assert plain(again) == plain(first)
    assert contents("again") == contents("first")


class Disturbed:
    """A batch of a file that could not be read, this time."""

    def __call__(self) -> pa.Table:
        return examples_table(
            "image", ["1"], problem=["cannot be read: Input/output error"], transient=[True]
        )


@pytest.mark.parametrize("opted_out", [frozenset(), frozenset(["1"])])
def test_what_could_not_be_read_is_told(pets, opted_out):
    """So that it is not kept, and tried again; also if it would be left out anyway."""
    [job, *_] = jobs(pets, opted_out=opted_out)
    assert make_part(job, Path(), 0).rows.all_read
    disturbed = IngestJob(**{**vars(job), "read": Disturbed()})
    assert not make_part(disturbed, Path(), 1).rows.all_read
