"""Answers kept under a caller's idempotency key, written together with what they tell of."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Protocol

from shared.domain.errors import InvalidError
from shared.store import keys
from shared.store.table import Put, Replace, Write, records

KEPT_SECONDS = 86_400
LONGEST_KEY = 255


def row_key(key: str, number: int) -> str:
    """The key of a batch's row. Raises InvalidError when the batch's key is empty or too long."""
    _check(key)
    return hashlib.sha256(f"{key}\n{number}".encode()).hexdigest()


class Kept(Protocol):
    """An answer that is kept in the transaction that does what it tells, and recalled instead of done again."""

    def recall(self, now: int) -> dict[str, Any] | None:
        """The answer given before, or None."""

    def writes(self, answer: dict[str, Any], now: int) -> list[Write]:
        """The writes that keep an answer; they fail when somebody else has kept one since it was looked for."""


@dataclass(slots=True)
class Keep:
    """One key of one project, and the body that it was used with.

    The answer is part of the transaction that does what it tells: a call that was cut off either happened and has its
    answer, or did not happen. The answer itself stands with the person and goes when they are erased.
    """

    project: str
    key: str
    body: str
    rev: int = 0

    @classmethod
    def of(cls, project: str, key: str | None, body: Any) -> "Keep | None":
        """The keep of a call; None without a key. Raises InvalidError for a key that is empty or too long."""
        if key is None:
            return None
        _check(key)
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        return cls(project, key, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest())

    def recall(self, now: int) -> dict[str, Any] | None:
        """The answer given before; None when there is none, it is a day old, or its person was erased.

        Raises InvalidError when the key was used with another body.
        """
        item = records().get(keys.idempotency(self.project, self.key))
        self.rev = item["rev"] if item else 0
        if item is None or item["created_at"] + KEPT_SECONDS <= now:
            return None
        if item["body"] != self.body:
            raise InvalidError({"idempotency_key": ["was used with another body"]})
        told = records().get(keys.kept_answer(item["person"], self.project, self.key))
        if told is None:
            return None
        answer: dict[str, Any] = json.loads(told["answer"])
        return answer

    def writes(self, answer: dict[str, Any], now: int) -> list[Write]:
        """The writes that keep an answer, of a person or of something of theirs, by its `id`.

        They fail when another call with this key was faster.
        """
        person = keys.person_id_of(answer["id"])
        key, kept = keys.idempotency(self.project, self.key), keys.kept_answer(person, self.project, self.key)
        rev = self.rev + 1
        common = {"kind": "idempotency", "created_at": now, "forget_at": now + KEPT_SECONDS, "rev": rev}
        text = json.dumps(answer, ensure_ascii=False)
        return [
            Put({"pk": key.pk, "sk": key.sk, "person": person, "body": self.body, **common}, rev=self.rev),
            Replace({"pk": kept.pk, "sk": kept.sk, "answer": text, **common}),
        ]


def _check(key: str) -> None:
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidError({"idempotency_key": [f"must have 1 to {LONGEST_KEY} characters"]})
