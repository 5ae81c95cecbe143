"""`evaluation.preregistered`, `.recorded`, `.amended`, `.invalidated` (domain.md §3)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from ledger.event import Body, Elements, Members, event
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
    SdDigest,
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
    """The code that ran, as the tool saw it; `dirty` = the working tree differed from the commit.

    A commit or an origin that is withheld is unknown to every rule, as one that the tool did not see.
    """

    commit: Line | None = None
    dirty: bool | None = None
    origin: Line | None = None
    sd: Slots | UnsetType = field(default=UNSET, name="_sd")


class Preregistration(Closed, frozen=True):
    """The pre-registration that a result answers to, and how it fits (open, so that every auditor can judge it)."""

    entry: Reference
    outcome: Literal[
        "matches", "task-changed", "scorer-changed", "metric-absent", "too-few-samples", "not-successful", "edited"
    ]


class Score(Closed, frozen=True):
    """An element of `scores`: a metric, or what stands for one that is withheld, `{"...": digest}` and nothing beside it."""

    digest: SdDigest | UnsetType = field(default=UNSET, name="...")
    name: Line | UnsetType = UNSET
    scorer: Line | UnsetType = UNSET
    value: Decimal | UnsetType = UNSET
    n: Count | None = None
    stderr: Decimal | None = None

    def __post_init__(self) -> None:
        """Both at once is neither."""
        needed, more = (self.name, self.scorer, self.value), (self.n, self.stderr)
        hidden = self.digest is not UNSET and more == (None, None) and all(one is UNSET for one in needed)
        if not hidden and (self.digest is not UNSET or UNSET in needed):
            raise ValueError("a score has name, scorer and value, or is withheld")

    def metric(self) -> Metric | None:
        """The metric, where it is open."""
        if isinstance(self.name, UnsetType) or isinstance(self.scorer, UnsetType) or isinstance(self.value, UnsetType):
            return None
        return Metric(name=self.name, scorer=self.scorer, value=self.value, n=self.n, stderr=self.stderr)


Scores: TypeAlias = Annotated[tuple[Score, ...], Meta(max_length=512)]
SCORES = Elements("scores", 32)


def metrics_of(scores: Scores | UnsetType) -> tuple[Metric, ...] | None:
    """The scores of a result, or `None` where one of them is withheld: only open scores decide, and all or none are open.

    Who withholds one of two values of a metric would else let the better one decide.
    """
    if isinstance(scores, UnsetType):
        return None
    found = [s.metric() for s in scores]
    metrics = tuple(m for m in found if m is not None)
    return metrics if len(metrics) == len(found) else None


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


@event(
    "evaluation.recorded",
    stream="model",
    roles=("evaluator",),
    withholdable=("scores", "evaluator", "model_as_named", "elicitation", "revision"),
    slots=6,
    elements=(SCORES,),
    members=(Members("revision", ("commit", "origin"), 2),),
)
class Recorded(Body, frozen=True, rename={"sd": "_sd"}):
    """The canonical record of one run of one task. Only open scores decide anything, and only where all of them are open."""

    dataset: Dataset
    edits_detected: Texts
    independence: Literal["internal", "external", "government"]
    log_bytes: Count
    log_format: Line
    log_sha256: Digest
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
    model_as_named: Line | UnsetType = UNSET
    preregistration: Preregistration | None = None
    revision: Revision | None = None
    run_id: Line | None = None
    scores: Scores | UnsetType = UNSET
    started_at: Time | None = None
    task_hash: Line | None = None
    task_id: Line | None = None


@event(
    "evaluation.amended", stream="model", roles=("evaluator",), withholdable=("scores",), slots=4, elements=(SCORES,)
)
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
