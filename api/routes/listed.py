"""Every route, once: its path, who may ask, the form of its answers, and the problems that it can end in (T31).

The application, its guard, the OpenAPI document, `/docs` and the tests are all made from this list, so a route that forgot its
guard can't exist: what is not here answers nobody. Order matters where paths overlap: the first match wins.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.routing import compile_path

from api import answers, answers_about, answers_decisions, answers_disclosures, answers_duties, answers_models
from api.preparing import prepare_disclosure
from api.problems import RETRY, TYPES
from api.routes import (
    about,
    claims,
    decisions,
    disclosures,
    entries,
    frameworks,
    gate,
    health,
    incidents,
    keys,
    log,
    models,
    obligations,
    page_disclosures,
    page_duties,
    page_frameworks,
    page_model,
    pages,
    verifier,
)
from api.tokens import BUNDLES, PREPARE

PUBLIC: Final = "public"
"""Without a token, for everyone: what a verifier needs, and what a load balancer needs."""
SIGNED: Final = "signature"
"""Guarded by the signatures in the body."""
TOKEN_OR_LOCAL: Final = "metrics:read"  # noqa: S105  # a scope, not a secret
"""Scope of what this machine itself may ask without a token."""
FOLD: Final = ("at-beyond-head", "at-before-start", "at-inside-group", "at-in-future", "time-form", "number-domain",
               "entry-missing")  # fmt: skip
STORE: Final = ("database-unreachable", "database-error", "entry-missing", "log-key-unavailable")
ALWAYS: Final = ("query", "token-in-url", "wrong-host", "header-too-large", "fault")
GUARDED: Final = ("token-missing", "not-found")
UNTAGGED: Final = frozenset({"/v1/models", "/v1/models/{ref:path}", "/v1/models/{ref:path}/status",
                             "/v1/models/{ref:path}/gate/{action}", "/v1/decisions/{which}",
                             "/livez", "/readyz", "/metrics", "/",
                             "/docs", "/docs/problems", "/disclosures", "/duties", "/frameworks", "/models/{ref:path}",
                             "/v1/obligations",
                             "/v1/obligations.ics", "/v1/incidents",
                             "/v1/incidents/{ref:path}",
                             "/v1/models/{ref:path}/thresholds", "/v1/models/{ref:path}/safeguards",
                             "/v1/models/{ref:path}/why", "/v1/models/{ref:path}/diff", "/v1/frameworks/timeline"})  # fmt: skip
TEXT: Final = "text/plain"
HTML: Final = "text/html"
BYTES: Final = "application/octet-stream"
ZIP: Final = "application/zip"
BODY: Final = ("content-encoding", "media-type", "slow-body", "too-large", "not-json", "not-utf8", "duplicate-key", "too-deep",
               "number-domain", "text-domain", "key-not-ascii", "bom", "too-many-keys", "request-form")  # fmt: skip
"""What a body that is read strictly can end in."""
APPENDS: Final = tuple(code for code, kind in TYPES.items() if kind.status in RETRY)
"""What appending a commitment to the stream index can end in, at another time not."""
PREPARED: Final = (*BODY, "profile-missing", "profile-form", "profile-type", "profile-field", "profile-twice",
                   "profile-class-missing", "profile-id-taken", "subject-unknown", "since-beyond", "absent-exists",
                   "bundle-building", "engine-missing", "ledger-frozen", "rules-unknown")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """`guard` is `public`, `signature`, or the scope that a token needs. `forms`: media types beside or instead of JSON; `body`:
    the schema of a JSON body.
    """

    path: str
    endpoint: Callable[..., Any]
    guard: str
    answer: type[BaseModel] | None = None
    problems: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    also: dict[int, type[BaseModel]] = field(default_factory=dict)
    method: str = "GET"
    body: dict[str, Any] | None = None

    @property
    def all_problems(self) -> tuple[str, ...]:
        """What the route, its guard and the door around it can answer."""
        guarded = () if self.guard in (PUBLIC, SIGNED) else GUARDED
        return tuple(dict.fromkeys((*self.problems, *guarded, *ALWAYS)))

    @property
    def operation(self) -> str:
        """A name of its own: the endpoint's, and its last fixed part where two paths share one."""
        name: str = self.endpoint.__name__
        return f"{name}_status" if self.path.endswith("/status") else name

    @property
    def tagged(self) -> bool:
        """Whether `If-None-Match` may find the answer unchanged; what depends on the clock is never kept."""
        return self.path not in UNTAGGED and self.method == "GET"

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the path matches."""
        return compile_path(self.path)[0]

    @property
    def parameters(self) -> dict[str, bool]:
        """Query parameters by name; the value says whether it may be repeated."""
        found: dict[str, bool] = {}
        for name, parameter in inspect.signature(self.endpoint).parameters.items():
            if f"{{{name}}}" in self.path or f"{{{name}:" in self.path or parameter.annotation is Request:
                continue
            said = getattr(parameter.annotation, "__metadata__", ())
            alias = next((m.alias for m in said if getattr(m, "alias", None)), name)
            found[alias] = "list[" in str(parameter.annotation)
        return found


ROUTES: Final[tuple[Route, ...]] = (
    Route("/v1/entries", entries.page, "entries:read", answers.Entries, STORE),
    Route("/v1/entries/by-event/{event_id}", entries.by_event, "entries:read", answers.EventOutcome, STORE,
          also={404: answers.EventOutcome}),
    Route("/v1/entries/{index}", entries.entry, "entries:read", answers.Entry, (*STORE, "entry-suppressed")),
    Route("/v1/entries/{index}/receipt", entries.receipt, "proofs:read", answers.Receipt,
          (*STORE, "not-acceptable", "index-beyond-head", "entry-suppressed"),
          forms=(TEXT,)),
    Route("/v1/models", models.models, "status:read", answers_models.Models, (*FOLD, *STORE)),
    Route("/v1/models/{ref:path}/gate/{action}", gate.gate, "gate:read", answers_models.Gate, (*FOLD, *STORE, "fact-form")),
    Route("/v1/models/{ref:path}/thresholds", about.thresholds, "status:read", answers_about.Thresholds, (*FOLD, *STORE)),
    Route("/v1/models/{ref:path}/safeguards", about.safeguards, "status:read", answers_about.Safeguards, (*FOLD, *STORE)),
    Route("/v1/models/{ref:path}/why", about.why, "status:read", answers_about.Why, (*FOLD, *STORE)),
    Route("/v1/models/{ref:path}/diff", about.diff, "status:read", answers_about.Diff,
          (*FOLD, *STORE, "positions-reversed")),
    Route("/v1/models/{ref:path}/history", models.history, "status:read", answers_models.History, (*FOLD, *STORE)),
    Route("/v1/models/{ref:path}/status", models.model, "status:read", answers_models.Model, (*FOLD, *STORE)),
    Route("/v1/models/{ref:path}", models.model, "status:read", answers_models.Model, (*FOLD, *STORE)),
    Route("/v1/decisions/{which}", decisions.decision, "status:read", answers_decisions.DecisionLife, (*FOLD, *STORE)),
    Route("/v1/decisions", decisions.decisions, "status:read", answers_decisions.Decisions, (*FOLD, *STORE)),
    Route("/v1/frameworks/timeline", about.timeline, "status:read", answers_about.Timeline, (*FOLD, *STORE)),
    Route("/v1/frameworks", frameworks.frameworks, "status:read", answers.Frameworks, (*FOLD, *STORE)),
    Route("/v1/obligations", obligations.obligations, "status:read", answers_duties.Obligations, (*FOLD, *STORE)),
    Route("/v1/obligations.ics", obligations.calendar, "status:read", None, (*FOLD, *STORE), forms=("text/calendar",)),
    Route("/v1/incidents", incidents.incidents, "status:read", answers_duties.Incidents, (*FOLD, *STORE)),
    Route("/v1/incidents/{ref:path}", incidents.incident, "status:read", answers_duties.OneIncident, (*FOLD, *STORE)),
    Route("/v1/disclosures", prepare_disclosure, PREPARE, answers_disclosures.Prepared, (*PREPARED, *APPENDS, *STORE),
          method="POST", body=answers_disclosures.REQUEST),
    Route("/v1/disclosures", disclosures.disclosures, "status:read", answers_disclosures.Disclosures, (*FOLD, *STORE)),
    Route("/v1/disclosures/{bundle_id}/bundle", disclosures.disclosure_bundle, BUNDLES, None,
          (*STORE, "bundle-changed"), forms=(ZIP,)),
    Route("/v1/disclosures/{bundle_id}", disclosures.one_disclosure, "status:read", answers_disclosures.OneDisclosure,
          (*FOLD, *STORE)),
    Route("/v1/keys", keys.keys, PUBLIC, answers.Keys, (*FOLD, *STORE)),
    Route("/log/checkpoint", log.checkpoint, PUBLIC, forms=(TEXT,)),
    Route("/log/checkpoint.bridge", log.checkpoint_bridge, PUBLIC, None, (*STORE, "not-found"), forms=(TEXT,)),
    Route("/log/checkpoint.witnessed", log.checkpoint_witnessed, PUBLIC, None, (*STORE, "not-found"), forms=(TEXT,)),
    Route("/log/claims.json", claims.claims, "status:read", None, (*FOLD, *STORE), forms=("application/json",)),
    Route("/log/claims.sig", claims.claims_signature, "status:read", None, (*FOLD, *STORE), forms=("application/json",)),
    Route("/log/tile/entries/{path:path}", log.bundle, "entries:read", None, (*STORE, "tile-path"), forms=(BYTES,)),
    Route("/log/tile/{level}/{path:path}", log.tile, PUBLIC, None, (*STORE, "tile-path", "not-found"), forms=(BYTES,)),
    Route("/livez", health.livez, PUBLIC, answers.Live),
    Route("/readyz", health.readyz, PUBLIC, answers.Ready, also={503: answers.Ready}),
    Route("/metrics", health.metrics, TOKEN_OR_LOCAL, forms=(TEXT,)),
    Route("/", pages.overview, "status:read", None, (*FOLD, *STORE), forms=(HTML,)),
    Route("/disclosures", page_disclosures.disclosures_page, "status:read", None, (*FOLD, *STORE), forms=(HTML,)),
    Route("/duties", page_duties.duties_page, "status:read", None, (*FOLD, *STORE, "duration-form"), forms=(HTML,)),
    Route("/frameworks", page_frameworks.frameworks_page, "status:read", None, (*FOLD, *STORE), forms=(HTML,)),
    Route("/models/{ref:path}", page_model.model_page, "status:read", None, (*FOLD, *STORE), forms=(HTML,)),
    Route("/docs", pages.docs, "status:read", forms=(HTML,)),
    Route("/docs/problems", pages.problems, "status:read", forms=(HTML,)),
    Route("/openapi.json", pages.openapi, "status:read", forms=("application/json",)),
    Route("/style.css", pages.style, PUBLIC, forms=("text/css",)),
    Route("/verify", verifier.verifier, PUBLIC, forms=(HTML,)),
)  # fmt: skip
