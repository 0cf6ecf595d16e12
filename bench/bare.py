"""The least that could do the same: handlers that make the AWS calls of ours with boto3 alone.

Each makes the calls that our warm function makes, to the same keys, with the same conditions, and writes items of the
same attributes and sizes; `make bench` compares the calls and the bytes of both sides at the server and refuses to
tell a ratio when they differ. What they leave out is everything else: the key and the link are not checked, what is
sent is not validated, nobody is throttled, nothing is rendered or logged. Items pass through boto3's own serializer.
"""

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

DAY = 86_400
PROJECT = "haldora"
THROTTLE_DAYS, LINK_DAYS = 90, 90
# About as long as our page; nothing is made of it.
HTML = "<!doctype html>" + "x" * 7_000

_write = TypeSerializer().serialize
_read = TypeDeserializer().deserialize

Event = dict[str, Any]
Item = dict[str, Any]


class Bare:
    """The three handlers over one low-level DynamoDB client."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def post_person(self, event: Event) -> Event:
        """POST people, for somebody new: one GetItem (is the address known?), one transaction of three puts."""
        body, now = json.loads(event["body"]), int(time.time())
        digest = hashlib.sha256(f"{PROJECT}\n{body['email']}".encode()).hexdigest()[:40]
        claim = {"pk": f"ADDRESS#{PROJECT}#{digest}", "sk": "ADDRESS"}
        self.client.get_item(TableName="records", Key=_wire(claim), ConsistentRead=True)
        person, properties = secrets.token_hex(10), body["properties"]
        request = f"{person}-{secrets.token_hex(5)}"
        listed, until = time.strftime("%Y-%m", time.gmtime(now)), now + THROTTLE_DAYS * DAY
        items: list[Item] = [
            {**claim, "kind": "address", "person": person, "rev": 1},
            {
                "pk": f"PERSON#{person}",
                "sk": "PERSON",
                "kind": "person",
                "list_pk": f"person#{PROJECT}#{listed}",
                "list_sk": f"{now:010d}#{person}",
                "account_pk": f"ACCOUNT#{PROJECT}#{properties['account_id']}",
                "account_sk": f"person#{person}",
                "id": person,
                "project": PROJECT,
                "created_at": now,
                "email": body["email"],
                "name": body["name"],
                "locale": body["locale"],
                "properties": properties,
                "next_eligible_at": until,
                "next_survey_scheduled_at": now,
                "pending_request": request,
                "rev": 1,
            },
            {
                "pk": f"PERSON#{person}",
                "sk": f"ASK#{request}#REQUEST",
                "kind": "request",
                "list_pk": f"request#{PROJECT}#{listed}",
                "list_sk": f"{now:010d}#{request}",
                "due_pk": f"DUE#{PROJECT}#bulk",
                "due_sk": f"{now:010d}#request:{request}",
                "id": request,
                "project": PROJECT,
                "person": person,
                "created_at": now,
                "state": "scheduled",
                "scheduled_at": now,
                "expires_at": now + LINK_DAYS * DAY,
                "locale": body["locale"],
                "properties": properties,
                "timer_at": now,
                "rev": 1,
            },
        ]
        self.client.transact_write_items(TransactItems=[_put(item) for item in items])
        return {"statusCode": 201, "body": json.dumps({"id": person, "survey_request": {"id": request}})}

    def show_page(self, event: Event) -> Event:
        """GET of the page: one Query (the request and its answer, if there is one)."""
        self._asked(event)
        return {"statusCode": 200, "headers": {"content-type": "text/html"}, "body": HTML}

    def take_answer(self, event: Event) -> Event:
        """POST of the page, for a first answer: the Query, and one transaction of two puts."""
        request, now = self._asked(event)["request"], int(time.time())
        form = {name: values[-1] for name, values in parse_qs(event["body"]).items()}
        listed = time.strftime("%Y-%m", time.gmtime(now))
        kept = {name: request[name] for name in ("id", "project", "person", "locale", "properties")}
        response: Item = {
            "pk": request["pk"],
            "sk": f"ASK#{request['id']}#RESPONSE",
            "kind": "response",
            "list_pk": f"response#{PROJECT}#{listed}",
            "list_sk": f"{now:010d}#{request['id']}",
            "updated_pk": f"response#{PROJECT}#{listed}",
            "updated_sk": f"{now:010d}#{request['id']}",
            "account_pk": f"ACCOUNT#{PROJECT}#{request['properties']['account_id']}",
            "account_sk": f"response#{request['id']}",
            **kept,
            "score": int(form["score"]),
            "created_at": now,
            "updated_at": now,
            "comment": form["comment"],
            "commented": True,
            "account_id": request["properties"]["account_id"],
            "request": request["id"],
            "rev": 1,
        }
        answered = {name: value for name, value in request.items() if name not in {"due_pk", "due_sk", "timer_at"}}
        answered |= {"state": "responded", "responded_at": now, "rev": request["rev"] + 1}
        self.client.transact_write_items(TransactItems=[_put(response), _put(answered, rev=request["rev"])])
        return {"statusCode": 303, "headers": {"location": "?done=1"}, "body": ""}

    def _asked(self, event: Event) -> dict[str, Item]:
        encoded = event["rawPath"].split(".")[-2]
        request = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        answer = self.client.query(
            TableName="records",
            KeyConditionExpression="#pk = :pk AND #sk BETWEEN :low AND :high",
            ExpressionAttributeNames={"#pk": "pk", "#sk": "sk"},
            ExpressionAttributeValues=_wire(
                {
                    ":pk": f"PERSON#{request.split('-')[0]}",
                    ":low": f"ASK#{request}#REQUEST",
                    ":high": f"ASK#{request}#RESPONSE",
                }
            ),
            ScanIndexForward=True,
            ConsistentRead=True,
        )
        items = ({name: _read(value) for name, value in item.items()} for item in answer["Items"])
        return {item["kind"]: item for item in items}


def _wire(item: Item) -> dict[str, Any]:
    return {name: _write(value) for name, value in item.items()}


def _put(item: Item, rev: int = 0) -> dict[str, Any]:
    put = {"TableName": "records", "Item": _wire(item), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if not rev:
        return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}
    return {"Put": put | {"ConditionExpression": "rev = :rev", "ExpressionAttributeValues": {":rev": _write(rev)}}}
