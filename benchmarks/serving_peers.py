"""A server of a peer for benchmarks/serving.py: its raw request in, JSON out, batches as it likes.

It prepares, encodes and asks by the same code, and neither records nor counts. Both take the JSON
that is usual there, with the image as base64.
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PORT = 8912
BENTO = """
import base64
import sys
from pathlib import Path

sys.path[:0] = [{here!r}]
import bentoml
from serving_peers import Answerer


@bentoml.service(traffic={{"timeout": 30}}, workers=1)
class Served:
    def __init__(self):
        self.answerer = Answerer(Path({model!r}))

    @bentoml.api(route="/predict", batchable=True, max_batch_size=32, max_latency_ms=30000)
    def predict(self, images: list[str]) -> list[dict]:
        return self.answerer.answer([base64.b64decode(image) for image in images])
"""
LITSERVE = """
import base64
import sys
from pathlib import Path

sys.path[:0] = [{here!r}]
import litserve as ls
from serving_peers import PORT, Answerer


class Api(ls.LitAPI):
    def setup(self, device):
        self.answerer = Answerer(Path({model!r}))

    def decode_request(self, request):
        return base64.b64decode(request["image"])

    def batch(self, inputs):
        return inputs

    def predict(self, contents):
        return self.answerer.answer(contents)

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return output


if __name__ == "__main__":
    server = ls.LitServer(Api(max_batch_size=32, batch_timeout=0.005), accelerator="cpu")
    server.run(host="127.0.0.1", port=PORT, generate_client_file=False)
"""
COMMANDS = {
    "litserve": (LITSERVE, ["service.py"]),
    "bentoml": (BENTO, ["-m", "bentoml", "serve", "service:Served", "--port", str(PORT)]),
}


class Answerer:
    """The part that all servers share."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, str(ROOT))
        from pipeline.serving.model import open_model

        self.model = open_model(folder)

    def answer(self, contents: list[bytes]) -> list[dict]:
        rows = self.model.prepare(contents)
        return [answered.values for answered in self.model.answer([rows])[0]]


if __name__ == "__main__":
    text, arguments = COMMANDS[sys.argv[1]]
    place = Path(tempfile.mkdtemp())
    here = str(Path(__file__).resolve().parent)
    (place / "service.py").write_text(text.format(here=here, model=sys.argv[2]))
    os.chdir(place)
    os.execv(sys.executable, [sys.executable, *arguments])
