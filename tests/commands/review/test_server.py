"""The server of the review page, by HTTP: what it says, writes, and refuses."""

import http.client
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.review.access import Access
from pipeline.commands.review.lookup import RawExamples
from pipeline.commands.review.server import Server
from tests.support.review_data import serving, write_review

HEADER = "id,given,decision,reviewer,note\n"


@pytest.fixture
def server(pets: Path) -> Iterator[Server]:
    with serving() as server:
        yield server


def ask(
    server: Server,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    own = {
        "Origin": f"http://127.0.0.1:{server.server_port}",
        "Content-Type": "application/json",
    }
    token = {"Authorization": f"token {server.access.token}"}
    text = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
    connection.request(
        method, path, text, token | (own if method == "POST" else {}) | (headers or {})
    )
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def get(server: Server, path: str, **values: Any) -> Any:
    query = "&".join(f"{name}={value}" for name, value in values.items())
    status, _, content = ask(server, "GET", f"{path}?session={server.session.id}&{query}")
    assert status == 200, content
    return json.loads(content)


def post(server: Server, path: str, expect: int = 200, **values: Any) -> Any:
    status, _, content = ask(server, "POST", path, {"dataset": "pets"} | values)
    assert status == expect, content
    return json.loads(content)


def decide(server: Server, id: str, kind: str, label: str = "", **values: Any) -> Any:
    body = {"key": f"k-{id}-{kind}-{label}", "id": id, "kind": kind, "label": label, "note": ""}
    return post(server, "/api/decide", **(body | values))


def reviews() -> str:
    return Path("data/reviews/pets.csv").read_bytes().decode()


def shown(server: Server, id: str, row: int) -> dict[str, Any]:
    address = f"/media/{row}?session={server.session.id}"
    html = (
        f'<img class="image small" src="{address}" width="4" height="4" alt="image {id}" '
        'draggable="false">'
    )
    return {"id": id, "row": row, "label": "cat", "html": html, "size": "4 × 4"}


def test_what_the_page_is_told(server):
    assert get(server, "/api/about") == {
        "session": server.session.id,
        "dataset": "pets",
        "file": "data/reviews/pets.csv",
        "reviewer": "Ada",
        "noun": "class",
        "notes": [
            "models are right on 75.0% of labels that they have not seen; always naming the "
            "largest class is right on 50.0%",
            "suspected labels that several people do not confirm count as they are: what models "
            "suspect here may be mistakes of their own",
            "could not judge outliers: too few examples",
        ],
        "choices": ["cat", "dog", "bird"],
        "filters": {
            "given": [["cat", 2], ["dog", 2], ["bird", 1]],
            "proposed": [["cat", 2], ["dog", 2], ["bird", 1]],
            "reason": [["label", 4], ["annotators", 1], ["leak", 1], ["outlier", 1]],
            "split": [["train", 4], ["test", 1]],
        },
    }
    [item] = get(server, "/api/items", rows="0")
    assert item.pop("label_quality") == pytest.approx(0.1)
    assert item.pop("confidence") == pytest.approx(0.9)
    assert item == {
        "row": 0,
        "id": "a",
        "split": "train",
        "given": "cat",
        "proposed": "dog",
        "judges": "models",
        "reasons": ["label"],
        "votes": [],
        "like": None,
        "like_split": None,
        "like_label": None,
        "why": "Models that have not seen it say dog; cat is right with a probability of 10%.",
        "offer": {
            "kind": "label",
            "accept": "Accept",
            "keep": "Keep",
            "effect": "Accept: it becomes dog. Keep: it stays cat.",
            "despite": "",
        },
        "example": shown(server, "a", 0),
        "pair": None,
        "neighbours": [
            shown(server, "x", 5),
            shown(server, "y", 6),
            shown(server, "b", 1),
            {"id": "gone"},
        ],
        "decision": None,
    }


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"given": "cat"}, [0, 1]),
        ({"given": "cat", "proposed": "bird"}, [1]),
        ({"reason": "leak"}, [2]),
        ({"reason": "label"}, [0, 1, 3, 4]),
        ({"reason": "label", "split": "test"}, [3]),
        ({"given": "bird", "proposed": "bird"}, []),
        ({"reason": "no%20such"}, []),
    ],
)
def test_filters(server, filters, rows):
    assert get(server, "/api/rows", **filters)["rows"] == rows


def test_decisions_are_written_and_shown(server):
    assert decide(server, "a", "label", "dog", note=" sure\n")["decision"] == {
        "decision": "dog",
        "reviewer": "Ada",
        "note": "sure",
        "stale": False,
    }
    decide(server, "b", "label", "cat")  # the given one
    decide(server, "c", "keep")
    decide(server, "d", "drop")
    assert (
        reviews()
        == HEADER + "a,cat,dog,Ada,sure\nb,cat,keep,Ada,\nc,dog,keep,Ada,\nd,dog,drop,Ada,\n"
    )
    assert get(server, "/api/rows", at="c") == {
        "rows": [0, 1, 2, 3, 4],
        "decided": [0, 1, 2, 3],
        "version": 5,
        "lost": 0,
        "waiting": 0,
        "at": 2,
    }
    assert server.session.num_written() == 4


def test_sent_twice_written_once(server):
    for _ in range(2):
        decide(server, "a", "drop")
    assert reviews() == HEADER + "a,cat,drop,Ada,\n"
    for _ in range(2):
        answer = post(server, "/api/undo", key="k-a-drop-", id="a")
        assert answer["decision"] is None
    decide(server, "a", "drop")  # a late copy of what was undone
    assert reviews() == HEADER


def test_undo_brings_back_what_counted_before(server):
    Path("data/reviews").mkdir()
    Path("data/reviews/pets.csv").write_text(f"{HEADER}a,cat,keep,Bo,\n")
    decide(server, "a", "drop")
    answer = post(server, "/api/undo", key="k-a-drop-", id="a")
    assert answer["decision"]["reviewer"] == "Bo"
    assert reviews() == f"{HEADER}a,cat,keep,Bo,\n"
    said = post(server, "/api/undo", 400, key="of another session", id="a")
    assert said["error"] == (
        "an earlier session wrote this decision; decide again, or edit the file"
    )


def test_a_decision_about_another_label_is_stale(server):
    Path("data/reviews").mkdir()
    Path("data/reviews/pets.csv").write_text(f"{HEADER}a,bird,keep,Bo,\n")
    assert get(server, "/api/rows")["decided"] == []
    assert get(server, "/api/items", rows="0")[0]["decision"]["stale"]


def test_what_others_write_and_take_out_is_noticed(server):
    decide(server, "a", "drop")
    decide(server, "b", "keep")
    version = get(server, "/api/rows")["version"]
    Path("data/reviews/pets.csv").write_text(f"{HEADER}c,dog,keep,Bo,\n")
    found = get(server, "/api/rows")
    assert found["decided"] == [2]
    assert found["version"] > version
    assert found["lost"] == 2
    assert post(server, "/api/restore", wanted=True)["lost"] == 0
    assert reviews() == HEADER + "c,dog,keep,Bo,\na,cat,drop,Ada,\nb,cat,keep,Ada,\n"

    Path("data/reviews/pets.csv").write_text(f"{HEADER}b,cat,keep,Ada,\n")
    assert post(server, "/api/restore", wanted=False)["lost"] == 0
    assert reviews() == f"{HEADER}b,cat,keep,Ada,\n"
    assert server.session.num_written() == 1


def test_a_broken_file_is_said_and_nothing_is_written(server):
    Path("data/reviews").mkdir()
    Path("data/reviews/pets.csv").write_text("name,label\n")
    said = decide(server, "a", "drop", expect=409)["error"]
    assert said == (
        "data/reviews/pets.csv must have the columns id,given,decision,reviewer,note, found "
        "name,label – mend its first line"
    )
    assert reviews() == "name,label\n"
    Path("data/reviews/pets.csv").unlink()
    decide(server, "a", "drop")
    assert reviews() == f"{HEADER}a,cat,drop,Ada,\n"


def test_a_pair_where_an_example_looks_like_another(server):
    [item] = get(server, "/api/items", rows="2")
    assert item["why"].endswith("It looks like x in test, and is removed for it.")
    for part in ("/media/2?", "dog in train", "/media/5?", "cat in test"):
        assert part in item["pair"]
    assert [item["pair"] for item in get(server, "/api/items", rows="0,1,3,4")] == [None] * 4


def test_media_are_as_stored(server):
    stored = RawExamples(Path("data/raw"), "abe")
    for row in (0, 1):
        status, headers, content = ask(server, "GET", f"/media/{row}?session={server.session.id}")
        assert (status, headers["Content-Type"]) == (200, "image/png")
        assert content == stored.content(row, ["image"])["image"]
    for row in (4, 99):  # has none; is not there
        assert ask(server, "GET", f"/media/{row}?session={server.session.id}")[0] == 404


def test_the_style_of_what_is_shown_is_that_of_the_modality(server):
    status, headers, content = ask(server, "GET", "/show.css")
    assert (status, headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert b".image" in content
    assert b".image" not in ask(server, "GET", "/review.css")[2]


def test_every_answer_is_locked_down(server):
    for path in ("/", "/review.js", "/review.css", "/api/about", "/media/0", "/nowhere"):
        headers = ask(server, "GET", path)[1]
        assert headers["Content-Security-Policy"].startswith(
            "default-src 'none'; script-src 'self';"
        )
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Access-Control-Allow-Origin"] is None
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("path", ["/", "/review.js", "/api/about", "/media/0"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8642",
        "127.0.0.1.evil.example",
        "evil@127.0.0.1",
        "evil:x@localhost:8642",
        "127.0.0.1:8642/evil",
        "127.0.0.1:8642\t",
        "[::1",
        "",
    ],
)
def test_another_host_name_gets_nothing(server, host, path):
    status, _, content = ask(server, "GET", path, headers={"Host": host})
    assert status == 403
    assert content == b'{"error": "this page is for this machine alone"}'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "localhost"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Length": "99999999"}, 413),
        ({"Content-Length": "-1"}, 413),
    ],
)
def test_another_site_cannot_write(server, headers, status):
    body = {"dataset": "pets", "key": "k", "id": "a", "kind": "drop", "label": "", "note": ""}
    assert ask(server, "POST", "/api/decide", body, headers)[0] == status
    assert not Path("data/reviews").exists()


def test_a_tunnel_may_have_another_port(server):
    headers = {"Host": "localhost:9000", "Origin": "http://localhost:9000"}
    body = {"dataset": "pets", "key": "k", "id": "a", "kind": "drop", "label": "", "note": ""}
    assert ask(server, "POST", "/api/decide", body, headers)[0] == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": "zzz"}, "'zzz' is not in the review queue"),
        ({"kind": "label", "label": "fish"}, "'fish' is no class that can be decided for"),
        ({"kind": "burn"}, "'burn' is no decision"),
        ({"dataset": "others"}, "this server reviews pets"),
        ({"note": None}, "expected key, id, kind, label, note"),
        ({"more": "x"}, "expected key, id, kind, label, note"),
    ],
)
def test_what_makes_no_sense_is_refused(server, changes, error):
    assert decide(server, **{"id": "a", "kind": "drop", "expect": 400} | changes)["error"] == error
    assert not Path("data/reviews").exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"{", b'"x"'])
def test_a_body_that_is_no_object_is_refused(server, body):
    assert ask(server, "POST", "/api/decide", body)[0] == 400


@pytest.mark.parametrize("rows", ["", "x", "-1", "5", "0," * 60 + "0", "1e3"])
def test_rows_that_there_are_not_are_refused(server, rows):
    path = f"/api/items?session={server.session.id}&rows={rows}"
    assert ask(server, "GET", path)[0] == 400


@pytest.mark.parametrize("path", ["/../session.py", "/page/index.html", "/etc/passwd", "/x.js"])
def test_no_other_file_is_served(server, path):
    assert ask(server, "GET", path)[0] == 404


def test_a_page_of_an_earlier_session_is_told(server):
    for path in ("/api/rows", "/api/items", "/media/0"):
        assert ask(server, "GET", f"{path}?session=before")[0] == 410


def test_classes_and_ids_may_hold_anything(tmp_path, monkeypatch):
    classes = ["keep", "<img src=x onerror=alert(1)>", 'a,"b"\n', "=cmd()"]
    ids = ["../../etc/passwd", '"><script>', "new\r\nline", "ñ字🦊", "a,b"]
    rows = [{"id": id, "given": classes[1], "proposed": classes[2]} for id in ids]
    write_review(tmp_path, dict.fromkeys(ids, b"x"), rows, classes)
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        for id, name in zip(ids, [*classes[2:], *classes[2:], classes[2]], strict=True):
            decide(server, id, "label", name)
        said = decide(server, ids[0], "label", "keep", expect=400)["error"]
        assert said == "'keep' is no class that can be decided for"
        shown = get(server, "/api/items", rows="0,1,2,3,4")
        assert [item["id"] for item in shown] == ids
        assert len(get(server, "/api/rows")["decided"]) == 5


NO_TOKEN = {"Authorization": ""}


@pytest.mark.parametrize(
    "path", ["/", "/review.js", "/show.css", "/api/about", "/api/rows", "/media/0", "/nowhere"]
)
@pytest.mark.parametrize("how", ["token ", "token 0", "Basic {}", "{}"])
def test_who_has_no_token_gets_nothing(server, path, how):
    headers = {"Authorization": how.format(server.access.token)}
    status, answered, content = ask(server, "GET", path, headers=headers)
    assert status == 403
    assert json.loads(content)["error"] == (
        "open the whole address that groundwork review printed, with its token"
    )
    assert answered["Set-Cookie"] is None


def test_who_has_no_token_decides_nothing(server):
    body = {"dataset": "pets", "key": "k", "id": "a", "kind": "drop", "label": "", "note": ""}
    assert ask(server, "POST", "/api/decide", body, NO_TOKEN)[0] == 403
    assert not Path("data/reviews").exists()
    status = ask(server, "POST", f"/api/decide?token={server.access.token}", body, NO_TOKEN)[0]
    assert status == 200


def test_the_cookie_opens_the_files_of_the_page_alone(server):
    address = server.url.split(str(server.server_port))[1]
    status, headers, _ = ask(server, "GET", address, headers=NO_TOKEN)
    assert status == 200
    cookie = headers["Set-Cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert server.access.token not in cookie
    sent = NO_TOKEN | {"Cookie": cookie.split(";")[0]}
    for path in ("/", "/review.js", "/show.css", "/icon.svg"):
        assert ask(server, "GET", path, headers=sent)[0] == 200
    for path in ("/api/about", "/media/0", "/nowhere"):
        assert ask(server, "GET", path, headers=sent)[0] == 403
    media = f"/media/0?session={server.session.id}"  # as in what the server gives to the page
    assert ask(server, "GET", media, headers=NO_TOKEN)[0] == 200


def test_the_token_is_kept_for_a_day_and_is_for_its_user_alone(server):
    path = Path(".groundwork/review-token")
    token = server.access.token
    assert path.read_text() == f"{token}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert Access().token == token  # a page that is open goes on with a new server
    path.chmod(0o644)
    assert (second := Access().token) != token
    os.utime(path, (0, 0))
    assert Access().token not in (token, second)


@pytest.mark.parametrize(
    "body", [b"[" * 60_000, b'{"a":' * 10_000, b'{"x":' + b"9" * 60_000 + b"}"]
)
def test_deep_and_large_json_is_refused(server, body):
    status, _, content = ask(server, "POST", "/api/decide", body)
    assert status == 400
    assert json.loads(content)["error"]


def test_an_image_while_ingest_runs(server):
    path = f"/media/0?session={server.session.id}"
    Path("data/raw").rename("data/old")
    status, headers, content = ask(server, "GET", path)
    assert (status, headers["Retry-After"]) == (503, "2")
    assert json.loads(content)["error"] == (
        "data/raw is being made – wait until ingest is done, or run it: dvc repro ingest"
    )
    Path("data/old").rename("data/raw")
    assert ask(server, "GET", path)[0] == 200


def test_decisions_outlive_what_git_does_with_the_file(server):
    decide(server, "a", "drop")
    Path("data/reviews/pets.csv").unlink()
    assert decide(server, "b", "keep")["lost"] == 0
    assert reviews() == HEADER + "a,cat,drop,Ada,\nb,cat,keep,Ada,\n"
