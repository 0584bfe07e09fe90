"""Paraphrases of what is forgotten go, those of others stay as they are written."""

from pathlib import Path

from pipeline.commands.forget.decisions import drop_paraphrases

OTHERS = 'id,paraphrase\nb,"Two\nlines, quoted"\n'


def test_paraphrases_of_the_examples_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("data/paraphrases/sms.csv")
    path.parent.mkdir(parents=True)
    path.write_text(OTHERS + "a,My number is 07700 900123\na,Call me\n", encoding="utf-8")
    drop_paraphrases("sms", {"a"})
    assert path.read_text(encoding="utf-8") == OTHERS
    drop_paraphrases("other", {"a"})
