"""Write the reference pages that are lists of the code: `python -m docs.reference.generate`. A test compares them."""

from pathlib import Path

from api.measures import METRICS, PREFIX
from api.problems import TYPES, URN
from api.routes.listed import PUBLIC, ROUTES
from docs.reference.generate_commands import commands, events
from docs.reference.generate_frameworks import frameworks

FOLDER = Path(__file__).parent


def problems() -> str:
    """Every problem code."""
    lines = [
        "# Problems",
        "",
        f"Every error over HTTP is RFC 9457 problem+json: `type` is `{URN}CODE`, `reason` the code alone, never renamed.",
        "`detail` never repeats what was sent; `retryable` says that the same request may succeed later.",
    ]
    status = 0
    for code, kind in sorted(TYPES.items(), key=lambda item: (item[1].status, item[0])):
        if kind.status != status:
            status = kind.status
            lines += ["", f"## {status}", "", "| code | what it means | what to do |", "| --- | --- | --- |"]
        lines.append(f"| `{code}` | {kind.means} | {kind.remedy} |")
    return "\n".join([*lines, ""])


def metrics() -> str:
    """Every metric."""
    lines = [
        "# Metrics",
        "",
        "`GET /metrics`, Prometheus text. Label values are closed sets; none is what a stranger sent.",
        "",
        "| name | kind | labels | what it is |",
        "| --- | --- | --- | --- |",
    ]
    for name, metric in METRICS.items():
        kind = metric.kind if metric.kind in ("counter", "gauge") else "histogram"
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{PREFIX}{name}` | {kind} | {labels} | {metric.help} |")
    return "\n".join([*lines, ""])


HTTP = """# HTTP

`holdpoint serve` answers on loopback. `GET /docs` shows this list, `GET /openapi.json` describes it for programs
(`tests/api/openapi.json` is its snapshot), [problems.md](problems.md) lists the errors, [metrics.md](metrics.md) the metrics.

| route | who may ask | answers |
| --- | --- | --- |
| `POST /v1/entries` | whoever signs | 201 and the final receipt; 200 and the first receipt for the same statement again |
{rows}

- **Access.** A production ledger denies by default: public routes aside, a bearer token with the route's scope, else 401; what a
  scope does not open and what is not there give the same 404. `/metrics` also answers this machine. A development ledger
  answers this machine without a token: client address and `Host` are loopback, and no header says that it was forwarded.
  `entries:read:PREFIX` opens the entries of streams under a prefix; pages are then shorter than `limit`, `Link` goes on.
  Tokens travel in `Authorization: Bearer` alone: one in an address or a body is 400 `token-in-url`, and lost.
- **Host.** Loopback names, and `hosts = ["name:port"]` of `holdpoint.toml`; any other is 421.
- **Position.** `Ledger-Checkpoint: size=N, root=:base64:` on every answer, for `at` of that size. `at` is a size (entries 0…N-1
  at the clock of the last) or a time in UTC with six digits; inside a derived group it is 400. The gate, duties, incidents,
  keys and the timeline of frameworks also take a time to come; gate and duties say `projected`. An earlier position is looked
  up, not replayed: memory keeps what was replaced.
- **Caches.** Strong `ETag`, `If-None-Match` gives 304. A fixed size and a tile never change (`immutable`); what depends on the
  clock (gate, models, which framework binds now) is `no-store` and says `as_of` and, per model, `valid_until`: the last time at
  which it holds if nothing is recorded.
- **Pages.** `after` and `limit` (at most 1,000), the next page by `Link: rel="next"`. Pages of folds share one position.
- **Search.** `/v1/entries` takes `stream`, `type` (a name, or how names begin: `incident.`), `model` (what is said of it, in any
  stream) and `text` (in open fields, in either case), together if wished. A page may be short, even empty: `Link` goes on while
  there is more.
- **Queries.** A parameter that a route does not know, or one given twice, is 400 `query`: it would be misread in silence.
- **Gate.** Answers within two seconds, or says `undetermined` with reason `deadline`.
- **Retries.** The event id inside the signed statement is the key; `Idempotency-Key`, if sent, must equal it.
- **Health.** `/livez` touches nothing. `/readyz` says per part; a read-only ledger is ready for reads, `?for=writes` is 503 then.
- **Bounds.** 16 KiB of header, 1 MiB a body, 500 lines and 48 MiB a batch, 20 s for a body, 10 s to drain on SIGTERM.
- **Log lines.** JSON on stderr for each answer that was no success, or was slow: route template, status, code, request id.
"""


def http() -> str:
    """Every route."""
    rows = []
    for route in ROUTES:
        said = (route.endpoint.__doc__ or "").split("\n")[0]
        who = "everyone" if route.guard == PUBLIC else f"`{route.guard}`"
        rows.append(f"| `{route.method} {route.path.replace(':path}', '}')}` | {who} | {said} |")
    return HTTP.format(rows="\n".join(rows))


def pages() -> dict[str, str]:
    """File name → text."""
    return {
        "commands.md": commands(),
        "events.md": events(),
        "frameworks.md": frameworks(),
        "http.md": http(),
        "metrics.md": metrics(),
        "problems.md": problems(),
    }


def main() -> None:
    """Write them all."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
