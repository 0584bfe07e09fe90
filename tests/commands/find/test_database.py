"""A query reads the files of the views, and does nothing else."""

from pathlib import Path

import pytest

from pipeline.commands.find.database import Database
from pipeline.commands.find.tables import view_of_examples
from pipeline.runtime.errors import FindError

READING = [
    "select * from read_csv('{secret}')",
    "select * from read_text('{secret}')",
    "select * from read_blob('{secret}')",
    "select * from read_json('{secret}')",
    "select * from read_parquet('{secret}')",
    "select * from sniff_csv('{secret}')",
    "select * from parquet_metadata('{secret}')",
    "select * from '{secret}'",
    "select * from '{secret}.csv'",
    "select * from glob('{folder}/*')",
    "select * from read_text('data/clean/../../secret.txt')",
    "select (select content from read_text('{secret}'))",
    "with x as (from read_text('{secret}')) select * from x",
    "select getenv('HOME')",
    "select * from secret_of_python",
    "select * from duckdb_secrets()",
]
WRITING = [
    "copy (select 1) to '{folder}/out.csv'",
    "copy examples to '{folder}/out.parquet'",
    "copy (select 1) to '{own}' (format parquet)",
    "export database '{folder}/out'",
    "create table x as select 1",
    "create view x as select 1",
    "insert into examples values (1)",
    "delete from examples",
    "drop view examples",
    "select * from query('copy (select 1) to ''{folder}/out.csv''')",
    "explain analyze copy (select 1) to '{folder}/out.csv'",
    "select 1; copy (select 1) to '{folder}/out.csv'",
    "prepare p as copy (select 1) to '{folder}/out.csv'",
    "checkpoint",
]
ATTACHING = [
    "attach '{folder}/out.db'",
    "attach '{folder}/out.db' as x (read_only)",
    "use main",
    "select * from sqlite_scan('{secret}', 'x')",
    "select * from postgres_scan('host=localhost', 'public', 'x')",
    "import database '{folder}/out'",
]
INSTALLING = [
    "install httpfs",
    "load httpfs",
    "force install sqlite",
    "load '{folder}/x.duckdb_extension'",
    "update extensions",
]
NETWORK = [
    "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "select * from read_parquet('s3://bucket/x.parquet')",
    "select * from 'https://example.org/x.csv'",
]
SETTING = [
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set allowed_paths = ['{secret}']",
    "reset enable_external_access",
    "set global memory_limit = '64GB'",
    "pragma enable_profiling",
    "call enable_logging(storage => 'file', storage_path => '{folder}/out')",
    "select * from enable_logging(storage => 'file', storage_path => '{folder}/out')",
    "create secret (type s3, key_id 'x', secret 'y')",
    "create macro f() as (select 1)",
    "set variable x = 1",
]
secret_of_python = [1]


@pytest.fixture
def database(made: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.chdir(made)
    return Database({"examples": view_of_examples("*")})


def refuse(database: Database, query: str, folder: Path) -> None:
    secret = folder / "secret.txt"
    secret.write_text("only for me\n")
    own = Path("data/clean/part-00000.parquet").absolute()
    before = own.read_bytes()
    files = sorted(folder.iterdir())
    with pytest.raises(FindError):
        list(database.ask(query.format(secret=secret, folder=folder, own=own)).rows)
    assert sorted(folder.iterdir()) == files
    assert own.read_bytes() == before


@pytest.mark.parametrize("query", READING)
def test_reading_other_files_is_refused(database, tmp_path, query):
    refuse(database, query, tmp_path)


@pytest.mark.parametrize("query", WRITING)
def test_writing_is_refused(database, tmp_path, query):
    refuse(database, query, tmp_path)


@pytest.mark.parametrize("query", ATTACHING)
def test_attaching_is_refused(database, tmp_path, query):
    refuse(database, query, tmp_path)


@pytest.mark.parametrize("query", INSTALLING)
def test_installing_is_refused(database, tmp_path, query):
    refuse(database, query, tmp_path)


@pytest.mark.parametrize("query", NETWORK)
def test_the_network_is_refused(database, tmp_path, query):
    refuse(database, query, tmp_path)


@pytest.mark.parametrize("query", SETTING)
def test_the_configuration_is_locked(database, tmp_path, query):
    refuse(database, query, tmp_path)


def test_by_itself_duckdb_would_read_any_file(tmp_path):
    """So that the tests above can fail."""
    import duckdb

    (tmp_path / "secret.txt").write_text("only for me\n")
    found = duckdb.connect().execute(f"select content from read_text('{tmp_path}/secret.txt')")
    assert found.fetchall() == [("only for me\n",)]


def test_a_condition_cannot_leave_its_place(say):
    for condition in (
        "1=1) ; copy (select 1) to 'x.csv' ; select (1",
        "true) union all select content from read_text('/etc/passwd') where (true",
        "id in (select content from read_text('/etc/passwd'))",
        "true -- ",
    ):
        found = say(condition, "--ids")
        assert found.status == (0 if condition == "true -- " else 1)
    assert not Path("x.csv").exists()


def test_names_of_columns_and_files_are_no_sql():
    from pipeline.commands.find.tables import listed, quoted, text

    assert quoted('a"; drop') == '"a""; drop"'
    assert text("it's") == "'it''s'"
    assert listed([Path("a'b"), Path("c")]) == "['a''b', 'c']"
