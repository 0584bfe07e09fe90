"""The status page, for people: made whole by the server, without a script."""

import html
import time
from string import Template

from pipeline.serving.metrics import value_of
from pipeline.serving.state import State

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
MOST_LABELS = 50
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; margin: 0; }
dt, .quiet { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; overflow-wrap: anywhere; }
th { font-weight: 600; border-bottom: 1px solid; } .number { text-align: right; }
pre { padding: .75rem; overflow-x: auto; border: 1px solid; border-radius: .4rem; }
.warning { padding: .5rem .75rem; border-left: .3rem solid #c60; }
"""
PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="10">
<title>$name – groundwork serve</title>
<style>$style</style>
</head>
<body>
<h1>$name $version</h1>
<p class="quiet">$labels</p>
$warnings
<h2>Since the start</h2>
<dl>$facts</dl>
<h2>Ask it</h2>
<pre>$ask</pre>
<p>Its answer has an <code>id</code>. Send the right label when you know it:</p>
<pre>$feedback</pre>
<p>Others: <code>/v2</code> (Open Inference Protocol), <code>/metrics</code> (Prometheus),
<code>/v2/health/live</code> and <code>/v2/health/ready</code>.</p>
<h2>Last answers</h2>
$recent
</body>
</html>
""")


def page(state: State) -> str:
    """The whole page; all that comes from a model or a request is escaped."""
    model, escape = state.model, html.escape
    names = ", ".join(model.labels[:MOST_LABELS])
    more = f" and {len(model.labels) - MOST_LABELS} more" * (len(model.labels) > MOST_LABELS)
    token = ' -H "Authorization: Bearer $GROUNDWORK_TOKEN"' * state.access.has_token
    return PAGE.substitute(
        style=STYLE,
        name=escape(state.name),
        version=escape(model.version),
        labels=escape(
            f"{model.labels_in_words}: {names}{more}" if names else model.labels_in_words
        ),
        warnings="".join(f'<p class="warning">{escape(text)}</p>' for text in _warnings(state)),
        facts="".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in _facts(state)),
        ask=escape(f"curl{token} {model.requests.EXAMPLE} {state.url}/predict"),
        feedback=escape(
            f"curl{token} -H 'Content-Type: application/json' \\\n"
            f'  -d \'{{"id": "ID", "label": "{model.example_label}"}}\' {state.url}/feedback'
        ),
        recent=_recent(state),
    )


def _facts(state: State) -> list[tuple[str, str]]:
    metrics = state.metrics
    rejected = value_of(metrics.rejected)
    kept = f"{value_of(metrics.records):,.0f}"
    return [
        ("running", _duration(time.time() - state.started)),
        ("answers", f"{state.num_answers:,}"),
        ("refused requests", f"{rejected:,.0f}"),
        ("waiting", str(state.batcher.num_waiting)),
        ("records", kept),
        ("labels by feedback", f"{value_of(metrics.truths):,.0f}"),
        ("model", str(state.folder)),
        ("sha256", state.model.digest),
    ]


def _warnings(state: State) -> list[str]:
    found = []
    if state.is_ending:
        found.append("The server is ending.")
    if state.follower is not None and state.follower.refusal:
        found.append(f"A new model was not taken: {state.follower.refusal}")
    if lost := value_of(state.metrics.records_lost):
        found.append(f"{lost:,.0f} records could not be written: see to the disk.")
    return found


def _recent(state: State) -> str:
    if not state.recent:
        return '<p class="quiet">None yet.</p>'
    now = time.time()
    rows = "".join(
        f"<tr><td>{_duration(now - one.time)} ago</td><td>{html.escape(one.label)}</td>"
        f'<td class="number">{"" if one.probability is None else f"{one.probability:.4f}"}</td>'
        f"<td><code>{html.escape(one.id)}</code></td></tr>"
        for one in reversed(state.recent)
    )
    head = '<tr><th>when</th><th>label</th><th class="number">probability</th><th>id</th></tr>'
    return f"<table>{head}{rows}</table>"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
