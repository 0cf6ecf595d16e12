"""Answers kept under a caller's idempotency key, written together with what they tell of."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from shared.domain.errors import InvalidError
from shared.store import keys
from shared.store.attributes import Item
from shared.store.table import Put, records

KEPT_SECONDS = 86_400
LONGEST_KEY = 255


@dataclass(slots=True)
class Keep:
    """One key of one project, and the body that it was used with.

    The answer is part of the transaction that does what it tells: a call that was cut off either happened and has its
    answer, or did not happen.
    """

    project: str
    key: str
    body: str
    rev: int = 0

    @classmethod
    def of(cls, project: str, key: str, body: Any) -> "Keep":
        """The keep of a call. Raises InvalidError for a key that is empty or too long."""
        if not 0 < len(key) <= LONGEST_KEY:
            raise InvalidError({"idempotency_key": [f"must have 1 to {LONGEST_KEY} characters"]})
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        return cls(project, key, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest())

    def recall(self, now: int) -> dict[str, Any] | None:
        """The answer given before, or None. Raises InvalidError when the key was used with another body."""
        item: Item | None = records().get(keys.idempotency(self.project, self.key))
        self.rev = item["rev"] if item else 0
        if item is None or item["created_at"] + KEPT_SECONDS <= now:
            return None
        if item["body"] != self.body:
            raise InvalidError({"idempotency_key": ["was used with another body"]})
        answer: dict[str, Any] = json.loads(item["answer"])
        return answer

    def write(self, answer: dict[str, Any], now: int) -> Put:
        """The write that keeps an answer; it fails when another call with this key was faster."""
        key = keys.idempotency(self.project, self.key)
        item = {
            "pk": key.pk,
            "sk": key.sk,
            "kind": "idempotency",
            "body": self.body,
            "answer": json.dumps(answer, ensure_ascii=False),
            "created_at": now,
            "forget_at": now + KEPT_SECONDS,
            "rev": self.rev + 1,
        }
        return Put(item, rev=self.rev)
