"""The addresses of a server, as an ASGI application."""

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.dataset.served.layout import LABEL_BYTES
from pipeline.serving.batcher import Busy, Late, Outcome
from pipeline.serving.http import protocol
from pipeline.serving.http.limits import RETRY_SECONDS, Limits, Refused
from pipeline.serving.http.page import HEADERS as PAGE_HEADERS
from pipeline.serving.http.page import page
from pipeline.serving.model import Model, ServedAnswer
from pipeline.serving.state import State

JSON = "application/json"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(state: State) -> Limits:
    """The application of a server, within its limits."""
    handlers = Handlers(state)

    def route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        return Route(path, endpoint, methods=[method])

    async def on_refused(request: Request, refused: Exception) -> Response:
        assert isinstance(refused, Refused)
        state.metrics.rejected.labels(refused.reason).inc()
        return refuse(refused)

    models = ("/v2/models/{name}", "/v2/models/{name}/versions/{version}")
    app = Starlette(
        routes=[
            route("/", handlers.page),
            route("/predict", handlers.predict, "POST"),
            route("/feedback", handlers.feedback, "POST"),
            route("/metrics", handlers.metrics),
            route("/v2", handlers.server),
            route("/v2/health/live", handlers.live),
            route("/v2/health/ready", handlers.ready),
            *(route(path, handlers.model) for path in models),
            *(route(f"{path}/ready", handlers.model_ready) for path in models),
            *(route(f"{path}/infer", handlers.infer, "POST") for path in models),
        ],
        exception_handlers={HTTPException: _unknown, Refused: on_refused},
    )
    limits = Limits(app, state.metrics, state.access.check, refuse)
    state.limits = limits
    return limits


class Handlers:
    """What each address does."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def page(self, request: Request) -> Response:
        return Response(page(self._state), media_type="text/html", headers=PAGE_HEADERS)

    async def metrics(self, request: Request) -> Response:
        self._state.metrics.waiting.set(self._state.batcher.num_waiting)
        return Response(self._state.metrics.text(), media_type=METRICS_TYPE, headers=HEADERS)

    async def predict(self, request: Request) -> Response:
        body, model = await request.body(), self._state.model
        content = body
        if request.headers.get("content-type", "").partition(";")[0].strip() == JSON:
            with _refusing():
                content = model.requests.from_json(_json(body))
        if not content:
            raise Refused(400, "content", f"send {model.requests.CONTENT} as the body")
        (outcome,) = await self._ask(lambda: self._state.batcher.ask([content], None, 1))
        model, answer, recorded = outcome
        if isinstance(answer, str):
            raise Refused(400, "content", f"{model.requests.CONTENT} cannot be read: {answer}")
        values = {"id": recorded.id, **answer.values, "model": model.version}
        return _as_json(values if recorded.is_written else values | {"recorded": False})

    async def infer(self, request: Request) -> Response:
        model, name = self._named(request), self._state.name
        with _refusing():
            length = request.headers.get(protocol.HEADER_LENGTH)
            asked = protocol.parse(await request.body(), length, model)
        outcomes = await self._ask(
            lambda: self._state.batcher.ask(asked.contents, asked.inputs, asked.num)
        )
        answers: list[ServedAnswer] = []
        for place, outcome in enumerate(outcomes):
            if isinstance(outcome.answer, str):
                content = outcome.model.requests.CONTENT
                raise Refused(400, "content", f"{content} {place} cannot be read: {outcome.answer}")
            answers.append(outcome.answer)
        ids = [outcome.recorded.id for outcome in outcomes]
        body, json_length = protocol.answer(asked, answers, ids, outcomes[0].model, name)
        if json_length is None:
            return Response(body, media_type=JSON, headers=HEADERS)
        headers = {**HEADERS, protocol.HEADER_LENGTH: str(json_length)}
        return Response(body, media_type="application/octet-stream", headers=headers)

    async def feedback(self, request: Request) -> Response:
        model, recorder = self._state.batcher.serving
        with _refusing():
            id, label = _truth(_json(await request.body()), model)
        if not recorder.record_truth(id, label):
            raise Refused(507, "disk", "the label could not be written; send it again later")
        self._state.metrics.truths.inc()
        return _as_json({"id": str(id), "label": label})

    async def server(self, request: Request) -> Response:
        extensions = ["binary_tensor_data"]
        about = {"name": "groundwork", "version": "2", "extensions": extensions}
        return _as_json(about)

    async def live(self, request: Request) -> Response:
        return _as_json({"live": True})

    async def ready(self, request: Request) -> Response:
        if self._state.is_ending:
            raise Refused(503, "ending", "the server is ending")
        return _as_json({"ready": True})

    async def model(self, request: Request) -> Response:
        return _as_json(protocol.metadata(self._named(request), self._state.name))

    async def model_ready(self, request: Request) -> Response:
        self._named(request)
        return await self.ready(request)

    def _named(self, request: Request) -> Model:
        """The model that an address names."""
        model, names = self._state.model, request.path_params
        if names["name"] != self._state.name:
            raise Refused(404, "model", f"the model is called {self._state.name}")
        if names.get("version", model.version) != model.version:
            raise Refused(404, "model", f"the version that is served is {model.version}")
        return model

    async def _ask(self, ask: Callable[[], Awaitable[list[Outcome]]]) -> list[Outcome]:
        try:
            outcomes = await ask()
        except Busy:
            raise Refused(503, "busy", "too many requests wait already; try again") from None
        except Late:
            raise Refused(504, "late", "its turn did not come in time; try again") from None
        self._state.count(outcomes)
        return outcomes


class _refusing:  # noqa: N801 – reads as a word at its uses
    """Makes a refusal of what is wrong with a request."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ValueError):
            raise Refused(400, "request", str(error)) from None


def refuse(refused: Refused) -> Response:
    """The answer to a request that is refused."""
    headers = dict(HEADERS)
    if refused.status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if refused.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="groundwork: the token is the password"'
    return _as_json({"error": str(refused)}, refused.status, headers)


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _as_json({"error": f"{error.detail}: see /"}, error.status_code)


def _as_json(values: Any, status: int = 200, headers: dict[str, str] = HEADERS) -> Response:
    text = json.dumps(values, allow_nan=False)
    return Response(text, status, media_type=JSON, headers=headers)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the request is no JSON: {error}") from None


def _truth(values: Any, model: Model) -> tuple[uuid.UUID, str]:
    """Id and label of a request to /feedback."""
    form = '{"id": "<id of an answer>", "label": "<the right one>"}'
    if not isinstance(values, dict) or values.keys() != {"id", "label"}:
        raise ValueError(f"expected {form}")
    id, label = values["id"], values["label"]
    try:
        parsed = uuid.UUID(id)
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"id is that of no answer, expected {form}") from None
    label = model.as_label(label)
    if not isinstance(label, str) or len(label.encode("utf-8", "replace")) > LABEL_BYTES:
        raise ValueError(f"label should be a text of at most {LABEL_BYTES} bytes")
    if model.labels and label not in model.labels:
        raise ValueError(f"label should be one of {', '.join(model.labels)[:500]}")
    return parsed, label
