"""lm-evaluation-harness results, old layout (2023) and new (0.4.x): one record per task. There is no status in them."""

from typing import Any

from api.importers.record import Record, count_of, decimal_of, digest_of, text_of, time_of
from ledger.errors import Malformed
from ledger.events.evaluation import Dataset, Metric

NOT_METRICS = frozenset({"name", "alias", "sample_len", "sample_count"})


def read_lm_eval(data: bytes, value: Any) -> tuple[Record, ...]:
    """Read a results file; `value` is the parsed file."""
    results = value.get("results")
    if not isinstance(results, dict) or not results:
        raise Malformed("lm_eval", "results", "results-empty")
    return tuple(_record(task, found, data, value) for task, found in results.items() if isinstance(found, dict))


def _part(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _record(task: str, found: dict[str, Any], data: bytes, value: Any) -> Record:
    if text_of(task) != task:
        raise Malformed("lm_eval", "results", "task-name")  # two names must never become one
    new = "lm_eval_version" in value
    warnings = ["the file records no status: a complete file does not say how the run ended"]
    samples = _part(value, "n-samples").get(task)
    counts = samples if isinstance(samples, dict) else {}
    declared, run = count_of(counts.get("original")), count_of(counts.get("effective"))
    if declared is not None and run is not None and run < declared:
        warnings.append(f"{run} of {declared} declared samples were run")
    if not new:
        warnings.append("old layout: nothing in it identifies a run, so it cannot show amendments")
    metrics = _metrics(found, run, warnings)
    if not metrics:
        warnings.append("no scores: results are never assumed")
    config, digest = _part(value, "config"), digest_of(data)
    named = text_of(config.get("model_args")) if isinstance(config.get("model_args"), str) else None
    started = time_of(value.get("date"))
    return Record(
        dataset=Dataset(name=text_of(task), samples_declared=declared, samples_run=run),
        edits_detected=(),
        log_bytes=len(data),
        log_format="lm-eval-0.4" if new else "lm-eval-2023",
        log_sha256=digest,
        metrics=metrics,
        model_as_named=named or text_of(value.get("model_name")) or text_of(config.get("model")) or "not named",
        run=f"log:{digest}",
        started_at=started,
        status="not-recorded",
        task=task,
        task_hash=text_of(_part(value, "task_hashes").get(task)),
        task_version=text_of(_part(value, "versions").get(task)) or "not stated",
        tool="lm_eval",
        tool_version=text_of(value.get("lm_eval_version")) or "not stated",
        warnings=tuple(warnings),
    )


def _metrics(found: dict[str, Any], n: int | None, warnings: list[str]) -> tuple[Metric, ...]:
    metrics: list[Metric] = []
    for key, value in found.items():
        name, _, scorer = key.partition(",")
        if key in NOT_METRICS or name.endswith("_stderr"):
            continue
        text = decimal_of(value)
        if text is None:
            warnings.append(f"{text_of(key, 80)} is not a finite number: kept out")
            continue
        error = found.get(f"{name}_stderr,{scorer}" if scorer else f"{name}_stderr")
        stderr = decimal_of(error)
        if error is not None and stderr is None:
            warnings.append(f"the error of {text_of(key, 80)} is not a number: kept out")
        named, by = text_of(name) or "not named", text_of(scorer) or "none"
        metrics.append(Metric(name=named, scorer=by, value=text, n=n, stderr=stderr))
    return tuple(metrics)
