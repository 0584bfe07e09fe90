"""Serve: answers over HTTP by the model in models/serving, one process, no torch.

Every answer is recorded below .groundwork/serving. A new model in the folder is taken without a
lost request. SIGTERM or Ctrl-C ends it when all that came is answered.
"""

import argparse
import hashlib
import os
from pathlib import Path

from pipeline.commands.frame import as_given, run_command
from pipeline.commands.serve.arguments import parser
from pipeline.runtime.errors import one_line
from pipeline.serving.http.access import TOKEN_VARIABLE
from pipeline.serving.releases.following import Source
from pipeline.serving.server import Options, Server

RELEASES = Path(".groundwork/releases")
"""A folder for each stage of a repository that is followed."""


def main(arguments: argparse.Namespace) -> None:
    source = None
    if arguments.follow is not None:
        followed = f"{arguments.follow} {arguments.stage}"
        place = RELEASES / hashlib.sha256(followed.encode()).hexdigest()[:12]
        source = Source(arguments.follow, arguments.stage, arguments.verify, place)
    options = Options(
        folder=arguments.model if source is None else source.link,
        name=arguments.name,
        host=arguments.host,
        port=arguments.port,
        token=os.environ.get(TOKEN_VARIABLE),
        records=arguments.records,
        keep_days=arguments.keep_contents,
        source=source,
    )
    server = Server(options)

    def say_start() -> None:
        for line in lines(server, options):
            print(one_line(line), flush=True)

    server.run(say_start)
    print("serve: ended", flush=True)


def lines(server: Server, options: Options) -> list[str]:
    """What is said at the start."""
    state, model = server.state, server.state.model
    kept = f"; contents for {options.keep_days} days" if options.keep_days else ""
    return [
        f"serve: {as_given(Path(options.folder))} {model.version}, {model.labels_in_words}, "
        f"self-test passed, at {state.url}; Ctrl-C ends it",
        f"serve: try: curl {model.requests.EXAMPLE} {state.url}/predict",
        f"serve: records in {as_given(Path(options.records))}{kept}",
    ]


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
