"""From the door to the appender: what arrives in one turn of the event loop has its signatures checked in one frame, is queued
as one group, and is woken once. Under load that is one hop a batch instead of three a request; alone it costs a turn of the loop.

A group of singles is not atomic: each is decided by itself, as if it had come alone.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from api.verifying import Job, Verifiers
from ledger.admit import Submission
from ledger.errors import Fault, LedgerError
from ledger.reasons import Reason, Refused
from ledger.store.append import Appender
from ledger.store.outcome import Outcome

APPEND_SECONDS = 5.0
MOST = 400
"""Singles in one group; the appender takes 500 submissions a commit."""
Answer: TypeAlias = Outcome | LedgerError


def unknown() -> Fault:
    """No answer in time: the caller can't know, and neither can we."""
    return Fault("outcome-unknown", "unknown", "no answer within 5 s", "send the same statement again")


@dataclass(slots=True)
class _Waiting:
    """One submission whose signatures are not checked yet, and who waits for it."""

    submission: Submission
    jobs: Sequence[Job]
    answer: "asyncio.Future[Answer]"

    def tell(self, answer: Answer) -> None:
        """Answer, unless the caller has given up."""
        if not self.answer.done():
            self.answer.set_result(answer)


@dataclass(slots=True)
class _Lane:
    """What one event loop's callers wait for: arrived in this turn, checked, with the appender."""

    loop: asyncio.AbstractEventLoop
    arrived: list[_Waiting] = field(default_factory=list)
    ready: deque[_Waiting] = field(default_factory=deque)
    flying: bool = False


def refused_signature(submission: Submission, results: Sequence[bool]) -> Refused | None:
    """The refusal of a submission, if one of its signatures, in the order of its signers, does not verify."""
    if all(results):
        return None
    keyid = submission.statement.predicate.signers[list(results).index(False)]
    return Refused(Reason.SIGNATURE_INVALID, f"the signature of key {keyid} does not verify")


class Gather:
    """Gathers submissions of one process. One thread, the event loop's, uses it."""

    def __init__(self, appender: Appender, verifiers: Verifiers) -> None:
        self._appender, self._verifiers = appender, verifiers
        self._lane: _Lane | None = None

    async def one(self, submission: Submission, jobs: Sequence[Job]) -> Answer:
        """The outcome of a single submission; `jobs` are its signatures, not believed before they are checked."""
        loop = asyncio.get_running_loop()
        lane = self._lane
        if lane is None or lane.loop is not loop:
            lane = self._lane = _Lane(loop)
        if not lane.arrived:
            loop.call_soon(self._check, lane)
        waiting = _Waiting(submission, jobs, loop.create_future())
        lane.arrived.append(waiting)
        return await waiting.answer

    def _check(self, lane: _Lane) -> None:
        """All that has arrived in this turn, in one frame."""
        arrived, lane.arrived = lane.arrived, []
        late = lane.loop.call_later(APPEND_SECONDS, _give_up, arrived)
        arrived[-1].answer.add_done_callback(
            lambda _answer: late.cancel() if all(w.answer.done() for w in arrived) else None
        )
        jobs = [job for w in arrived for job in w.jobs]
        self._verifiers.check(jobs, lambda results: self._checked(lane, arrived, results))

    def _checked(self, lane: _Lane, arrived: Sequence[_Waiting], results: Sequence[bool]) -> None:
        at = 0
        for w in arrived:
            refusal = refused_signature(w.submission, results[at : at + len(w.jobs)])
            at += len(w.jobs)
            if refusal is None:
                lane.ready.append(w)
            else:
                w.tell(refusal)
        if not lane.flying:
            self._append(lane)

    def _append(self, lane: _Lane) -> None:
        """One group at a time: what gets ready meanwhile is the next one. So a commit, its two signatures and its wake-up are
        shared by as many as there are, and a lone event waits for nobody.
        """
        group: list[_Waiting] = []
        while lane.ready and len(group) < MOST:
            w = lane.ready.popleft()
            if not w.answer.done():  # given up, and told so: nothing of it was queued
                group.append(w)
        if not group:
            return
        try:
            queued = self._appender.submit([w.submission for w in group])
        except LedgerError as err:
            for w in group:
                w.tell(err)
            lane.loop.call_soon(self._append, lane)
            return
        lane.flying = True

        def woken(done: "Future[list[Outcome]]") -> None:
            with suppress(RuntimeError):  # the loop has closed: nobody waits any more
                lane.loop.call_soon_threadsafe(self._landed, lane, group, done)

        queued.add_done_callback(woken)

    def _landed(self, lane: _Lane, group: Sequence[_Waiting], done: "Future[list[Outcome]]") -> None:
        lane.flying = False
        self._append(lane)
        try:
            outcomes: Sequence[Answer] = done.result()
        except CancelledError:
            outcomes = [unknown()] * len(group)
        except LedgerError as err:
            outcomes = [err] * len(group)
        for w, outcome in zip(group, outcomes, strict=True):
            w.tell(outcome)

    async def group(self, submissions: Sequence[Submission], *, atomic: bool) -> Sequence[Answer]:
        """The outcomes of submissions whose signatures are checked, in order."""
        try:
            queued = self._appender.submit(submissions, atomic=atomic)
            return await asyncio.wait_for(asyncio.wrap_future(queued), APPEND_SECONDS)
        except TimeoutError:
            return [unknown()] * len(submissions)
        except LedgerError as err:
            return [err] * len(submissions)

    async def check(self, jobs: Sequence[Job]) -> Sequence[bool]:
        """Whether each signature verifies."""
        answer: asyncio.Future[Sequence[bool]] = asyncio.get_running_loop().create_future()
        self._verifiers.check(jobs, lambda results: None if answer.done() else answer.set_result(results))
        return await answer


def _give_up(waiting: Sequence[_Waiting]) -> None:
    for w in waiting:
        w.tell(unknown())
