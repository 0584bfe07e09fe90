from pipeline.commands.forget.receipt import counted


def test_one_thing_is_one():
    assert counted(["0007"], "example") == "1 example"
    assert counted([], "object") == "0 objects"
