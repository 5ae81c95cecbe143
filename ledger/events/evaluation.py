"""`evaluation.preregistered`, `.recorded`, `.amended`, `.invalidated` (domain.md §3)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import (
    UNSET,
    Closed,
    Comparator,
    Count,
    Decimal,
    Digest,
    Line,
    Name,
    Reference,
    Slots,
    Text,
    Texts,
    Time,
    UnsetType,
)


class Dataset(Closed, frozen=True):
    """Samples declared by the log and samples that ran; both are claims of the tool."""

    name: Line | None = None
    samples_declared: Count | None = None
    samples_run: Count | None = None


class Metric(Closed, frozen=True):
    """One measured value, as a decimal string with the digits of the log; `n` = samples behind it."""

    name: Line
    scorer: Line
    value: Decimal
    n: Count | None = None
    stderr: Decimal | None = None


class Revision(Closed, frozen=True):
    """The code that ran, as the tool saw it; `dirty` = the working tree differed from the commit."""

    commit: Line | None = None
    dirty: bool | None = None
    origin: Line | None = None


class Preregistration(Closed, frozen=True):
    """The pre-registration that a result answers to, and how it fits (open, so that every auditor can judge it)."""

    entry: Reference
    outcome: Literal[
        "matches", "task-changed", "scorer-changed", "metric-absent", "too-few-samples", "not-successful", "edited"
    ]


Scores: TypeAlias = Annotated[tuple[Metric, ...], Meta(max_length=512)]


@event("evaluation.preregistered", stream="model", roles=("evaluator",))
class Preregistered(Body, frozen=True):
    """Only this binds task digest, scorer and metric to a threshold of a pack; recorded before the run."""

    comparator: Comparator
    framework: Digest
    max_runs: Annotated[int, Meta(ge=1, le=1000)]
    metric: Line
    min_samples: Count
    scorer: Line
    task: Line
    task_digest: Digest
    threshold: Name
    value: Decimal


@event("evaluation.recorded", stream="model", roles=("evaluator",), withholdable=("scores", "evaluator"), slots=4)
class Recorded(Body, frozen=True, rename={"sd": "_sd"}):
    """The canonical record of one run of one task. Only open scores decide anything."""

    dataset: Dataset
    edits_detected: Texts
    independence: Literal["internal", "external", "government"]
    log_bytes: Count
    log_format: Line
    log_sha256: Digest
    model_as_named: Line
    run: Line
    safeguards_off: bool
    sd: Slots
    status: Literal["success", "error", "cancelled", "started", "not-recorded"]
    task: Line
    task_version: Line
    tool: Name
    tool_version: Line
    warnings: Texts
    completed_at: Time | None = None
    elicitation: Text | None = None
    eval_id: Line | None = None
    evaluator: Line | UnsetType = UNSET
    preregistration: Preregistration | None = None
    revision: Revision | None = None
    run_id: Line | None = None
    scores: Scores | UnsetType = UNSET
    started_at: Time | None = None
    task_hash: Line | None = None
    task_id: Line | None = None


@event("evaluation.amended", stream="model", roles=("evaluator",), withholdable=("scores",), slots=4)
class Amended(Body, frozen=True, rename={"sd": "_sd"}):
    """Another digest for a recorded run: never an overwrite. `only_encoding` = only format, digest and size differ."""

    amends: Reference
    edits_detected: Texts
    log_bytes: Count
    log_format: Line
    log_sha256: Digest
    only_encoding: bool
    reason: Text
    sd: Slots
    scores: Scores | UnsetType = UNSET


@event("evaluation.invalidated", stream="model", roles=("evaluator",))
class Invalidated(Body, frozen=True):
    """The result satisfies nothing from here on; what it decided by rule is open again."""

    evaluation: Reference
    reason: Text
