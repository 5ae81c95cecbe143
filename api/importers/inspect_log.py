"""Inspect AI logs: `.eval` (zip) and `.json`, one record each.

The header's numbers can be changed after the run without a trace in the header: only a sample's score history shows it, so
every sample is scanned. Absent and null mean the same there; older writers leave fields out.
"""

from collections.abc import Iterator
from typing import Any

from api.importers.archive import Archive
from api.importers.record import Record, count_of, decimal_of, digest_of, read_json, text_of, time_of
from ledger.errors import Malformed
from ledger.events.evaluation import Dataset, Metric, Revision

STATUSES = frozenset({"success", "error", "cancelled", "started"})


def _member(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def read_eval(data: bytes) -> tuple[Record, ...]:
    """Read a `.eval` archive."""
    archive = Archive(data)
    names = archive.names()
    warnings: list[str] = []
    if "header.json" in names:
        header = read_json(archive.read("header.json"), "header.json")
    elif "_journal/start.json" in names:
        start = read_json(archive.read("_journal/start.json"), "_journal/start.json")
        header = {"status": "started", **(start if isinstance(start, dict) else {})}
        warnings.append("no header.json: the run never ended, read from its journal")
    else:
        raise Malformed("inspect", "header.json", "header-missing")
    samples = (read_json(archive.read(n), n[:80]) for n in names if n.startswith("samples/") and n.endswith(".json"))
    return (_record(header, samples, data, "inspect-eval", warnings),)


def read_inspect_json(data: bytes, value: Any) -> tuple[Record, ...]:
    """Read the JSON form; `value` is the parsed log."""
    return (_record(value, iter(_items(value.get("samples"))), data, "inspect-json", []),)


def _record(header: Any, samples: Iterator[Any], data: bytes, log_format: str, warnings: list[str]) -> Record:
    if not isinstance(header, dict) or not isinstance(header.get("eval"), dict):
        raise Malformed("inspect", "eval", "schema")
    said, results = header["eval"], _member(header, "results")
    status = header.get("status")
    task = text_of(said.get("task"))
    if not isinstance(status, str) or status not in STATUSES or task is None:
        raise Malformed("inspect", "status", "schema")
    edits, seen = _edits(samples)
    metrics = _metrics(results, warnings)
    if status != "success":
        warnings.append(f"the run's status is {status}: it satisfies nothing")
    if not metrics:
        warnings.append("no scores: results are never assumed")
    if edits:
        warnings.append(f"{len(edits)} scores were edited after the run")
    if header.get("invalidated") is True:
        warnings.append("the log says that it was invalidated")
    dataset = _member(said, "dataset")
    declared = count_of(dataset.get("samples"))
    run = count_of(results.get("completed_samples"))
    if run is None and results:
        run = count_of(results.get("total_samples"))
    if run is None:
        run = seen or None
    if declared is not None and run is not None and run < declared:
        warnings.append(f"{run} of {declared} declared samples were run")
    stats, packages = _member(header, "stats"), _member(said, "packages")
    digest = digest_of(data)
    eval_id, run_id, task_id = (text_of(said.get(n)) for n in ("eval_id", "run_id", "task_id"))
    return Record(
        dataset=Dataset(name=text_of(dataset.get("name")), samples_declared=declared, samples_run=run),
        edits_detected=tuple(edits[:32]),
        log_bytes=len(data),
        log_format=log_format,
        log_sha256=digest,
        metrics=metrics,
        model_as_named=text_of(said.get("model")) or "not named",
        run=_identity(eval_id, run_id, task_id, digest, warnings),
        status=status,
        task=task,
        task_version=text_of(said.get("task_version")) or "not stated",
        tool="inspect_ai",
        tool_version=text_of(packages.get("inspect_ai")) or "not stated",
        completed_at=time_of(stats.get("completed_at")),
        eval_id=eval_id,
        revision=_revision(said, warnings),
        run_id=run_id,
        started_at=time_of(stats.get("started_at")),
        task_id=task_id,
        warnings=tuple(warnings[:32]),
    )


def _identity(eval_id: str | None, run_id: str | None, task_id: str | None, digest: str, warnings: list[str]) -> str:
    """The same evaluation = the same eval_id, else the same (run_id, task_id); else only the same bytes."""
    if eval_id is not None:
        return f"eval:{eval_id}"
    if run_id is not None and task_id is not None:
        return f"run:{run_id}:{task_id}"
    warnings.append("nothing in the log identifies its run: it cannot show amendments")
    return f"log:{digest}"


def _metrics(results: dict[str, Any], warnings: list[str]) -> tuple[Metric, ...]:
    found: list[Metric] = []
    for score in _items(results.get("scores")):
        scorer = text_of(score.get("name")) if isinstance(score, dict) else None
        if scorer is None:
            continue
        measured = {k: v.get("value") for k, v in _member(score, "metrics").items() if isinstance(v, dict)}
        for name, value in measured.items():
            text = decimal_of(value)
            if name == "stderr" and len(measured) > 1:
                continue
            if text is None:
                warnings.append(f"{scorer}/{text_of(name, 80)} is not a finite number: kept out")
                continue
            stderr = decimal_of(measured.get("stderr"))
            n = count_of(score.get("scored_samples"))
            found.append(Metric(name=text_of(name) or "not named", scorer=scorer, value=text, n=n, stderr=stderr))
    return tuple(found)


def _edits(samples: Iterator[Any]) -> tuple[list[str], int]:
    """Samples whose scores have a history, and how many samples there are."""
    edits: list[str] = []
    count = 0
    for sample in samples:
        count += 1
        for name, score in _member(sample, "scores").items():
            if isinstance(score, dict) and _items(score.get("history")):
                named = f"sample {text_of(sample.get('id'), 60)} score {text_of(name, 60)}"
                edits.append(f"{named}: {len(score['history'])} edits")
    return edits, count


def _revision(said: dict[str, Any], warnings: list[str]) -> Revision | None:
    revision = said.get("revision")
    if not isinstance(revision, dict):
        warnings.append("no revision: which code ran is not recorded")
        return None
    dirty = revision.get("dirty")
    if dirty is True:
        warnings.append("dirty revision: the code that ran is not the commit")
    return Revision(
        commit=text_of(revision.get("commit")),
        dirty=dirty if isinstance(dirty, bool) else None,
        origin=text_of(revision.get("origin")),
    )
