"""The follow_up function: one record that can never be followed up does not hold up the others."""

import json

from functions.follow_up import handler
from shared.domain.responses import Response
from shared.store.records import created
from shared.store.table import records
from tests.fakes.world import START, World, batch


def test_given_an_account_whose_name_is_too_long_for_a_key_then_it_is_parked_and_the_next_alert_goes_out(
    world: World,
) -> None:
    world.project()
    for number, account in ((1, "x" * 2100), (2, "a2")):
        world.person(f"p{number}")
        one = Response(f"p{number}-1", "acme", f"p{number}", 2, START, START, properties={"account_id": account})
        records().write(created(one))
    stream = world.stream("response")
    for one in stream:
        account = one.new["properties"]["M"]["account_id"]  # type: ignore[index]
        one.new["account_id"] = account  # type: ignore[index]
    handler.handle(batch(stream), world.context)
    parked = world.sqs.queues["https://sqs.example.com/follow-up-parked"]
    assert [message["record"] for message in parked] == ["response:p1-1"]
    assert [mail["reference"] for mail in world.mails()] == ["p2-1"]
    assert json.dumps(parked).count("x" * 50) == 0
