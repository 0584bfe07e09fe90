"""What the code cites is written down, and the index leads to it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs/decisions"
CITED = re.compile(r"docs/decisions/([a-z0-9-]+\.md)")


def test_a_page_that_code_cites_is_there() -> None:
    code = [*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    cited = {name for file in code for name in CITED.findall(file.read_text())}
    assert len(cited) > 5
    assert {name for name in cited if not (PAGES / name).is_file()} == set()


def test_the_index_lists_every_page_newest_first() -> None:
    index = (PAGES / "README.md").read_text()
    rows = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| \[(.+)\]\((.+)\) \|$", index, re.M)
    pages = {path.name for path in PAGES.glob("*.md")} - {"README.md", "archive.md"}
    assert {name for _, _, name in rows} == pages
    assert [date for date, _, _ in rows] == sorted((date for date, _, _ in rows), reverse=True)
    for _, title, name in rows:
        assert (PAGES / name).read_text().startswith(f"# {title}\n"), name
