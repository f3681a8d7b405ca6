"""A row's writer run up to its next mutation, so that many rows' mutations can leave together.

A writer is an ordinary function that asks and writes through a session. Run on a `Replay`, it stops where it would send
a mutation; once the answer is there it is run again from its beginning, gets what was answered before, and stops at the
next one or ends. Writers are a few lines of pure code between calls, so running them again costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shoptide.outbound.pace import Pace
from shoptide.outbound.planning import Planned
from shoptide.outbound.session import Session

Answer = dict[str, Any] | Exception
Act = Callable[[Session, Planned], str | None]


@dataclass(frozen=True)
class Mutation:
    """One mutation as a writer asks for it."""

    name: str
    variables: Mapping[str, Any]
    select: str
    idempotency_key: str | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The variables as they are sent."""
        key = {"idempotencyKey": self.idempotency_key} if self.idempotency_key else {}
        return {**self.variables, **key}

    def document(self, session: Session) -> str:
        return session.document(self.name, self.variables, self.select, idempotent=self.idempotency_key is not None)


class Pending(Exception):  # noqa: N818  # control flow: the writer can't go on without an answer
    def __init__(self, mutation: Mutation) -> None:
        super().__init__(mutation.name)
        self.mutation = mutation


class Reads(Exception):  # noqa: N818  # control flow
    """The writer asks the store before it writes, where it may not; with what it would have asked."""

    def __init__(self, document: str, variables: Mapping[str, Any] | None) -> None:
        super().__init__(document)
        self.document = document
        self.variables = variables or {}


@dataclass(frozen=True)
class Known:
    """What was answered before; `asked` is the query, None for a mutation."""

    answer: Answer
    asked: tuple[str, str] | None = None


class Replay(Session):
    """A session that answers from what was answered before; all else it shares with the session it stands for.

    Mutations are told apart by their order, queries between two of them by what they ask: one that a writer leaves out
    the second time, because the session has learned the answer since, is passed over.
    """

    __slots__ = ("at", "known", "may_read")

    def __init__(self, session: Session, known: list[Known], *, may_read: bool) -> None:
        self.__dict__ = session.__dict__
        self.known = known
        self.at = 0
        self.may_read = may_read

    @property
    def pace(self) -> Pace:  # type: ignore[override]  # an attribute of the session
        """None: what the store refuses for coming too fast is sent again by itself, at the session's own pace."""
        return Pace(self.client.clock)

    def mutate(
        self, name: str, variables: Mapping[str, Any], select: str, *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        while self.at < len(self.known):
            found = self.known[self.at]
            self.at += 1
            if found.asked is None:
                return self.judged(name, _given(found.answer))
        raise Pending(Mutation(name, variables, select, idempotency_key))

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        asked = (document, repr(variables))
        for index in range(self.at, len(self.known)):
            if self.known[index].asked is None:
                break
            if self.known[index].asked == asked:
                self.at = index + 1
                return _given(self.known[index].answer)
        if not self.may_read:
            raise Reads(document, variables)
        found = super().query(document, variables)
        self.known.insert(self.at, Known(found, asked))
        self.at += 1
        return found

    def ensure_marker(self) -> None:
        """Nothing: who sends many rows together has seen to it before."""


def _given(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Exception):
        raise answer
    return answer


@dataclass
class Attempt:
    """A row on its way: what its writer was answered so far."""

    row: Planned
    known: list[Known] = field(default_factory=list)

    def answered(self, answer: Answer) -> None:
        """Take in the answer to the mutation it waits for."""
        self.known.append(Known(answer))

    def proceed(self, session: Session, act: Act, *, may_read: bool = True) -> Mutation | str | None:
        """Run the writer: the mutation it waits for, or the record's gid when it is through.

        Raises what the writer raises, and Reads where it asks the store although `may_read` is false.
        """
        try:
            return act(Replay(session, self.known, may_read=may_read), self.row)
        except Pending as pending:
            return pending.mutation
