"""The bench counts what DynamoDB bills, compares like with like, and plays the whole loop."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench import counting, journeys, one_warm, page_size, reading, scene, table, units
from bench.__main__ import DOCUMENT, END, START, _with_table
from bench.aws import RECORDS, Aws
from bench.cost import cost
from bench.journeys import Play
from bench.units import index_units, item_size, read_units, write_units
from bench.warm import DifferentCallsError, check_same
from shared.outside import clients
from tests.fakes.dynamodb import INDEXES

NOW = 1_772_445_600


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, fresh: None) -> Iterator[Aws]:
    found = Aws()
    for service in ("dynamodb", "ses", "sqs", "s3", "secrets"):
        monkeypatch.setattr(clients, service, lambda service=service: found.client(service))
    scene.seed(NOW)
    return found


def text(length: int, **more: str) -> dict[str, dict[str, str]]:
    """An item of so many bytes, and more."""
    return {"pk": {"S": "x" * (length - 2)}, **{name: {"S": value} for name, value in more.items()}}


def test_given_an_item_then_its_size_is_that_of_names_and_values() -> None:
    assert item_size({"pk": {"S": "é"}, "n": {"N": "1234"}, "b": {"BOOL": True}}) == 4 + 4 + 2
    assert item_size({"m": {"M": {"a": {"S": "b"}}}, "s": {"SS": ["ab", "c"]}}) == 1 + 3 + 1 + 1 + 1 + 1 + 3


@pytest.mark.parametrize(
    ("size", "writes", "reads"), [(1, 1, 1), (1024, 1, 1), (1025, 2, 1), (4096, 4, 1), (4097, 5, 2)]
)
def test_given_sizes_at_the_edges_then_units_round_up(size: int, writes: int, reads: int) -> None:
    item = text(max(size, 2)) if size > 1 else {}
    assert write_units(None, item) == writes
    assert write_units(item, None) == writes
    assert read_units(size, consistent=True) == reads
    assert read_units(size, consistent=False) == reads / 2


def test_given_writes_then_each_index_counts_what_becomes_of_its_entry() -> None:
    due = text(1200, sk="a", due_pk="p", due_sk="1")
    later, out = due | {"due_sk": {"S": "2"}}, text(1200, sk="a")
    assert index_units(None, out) == 0
    assert index_units(None, due) == 2
    assert index_units(due, later) == 4
    assert index_units(due, out) == 2
    assert index_units(due, due | {"comment": {"S": "not in the index"}}) == 0
    whole = text(1000, sk="a", list_pk="p", list_sk="1")
    assert index_units(whole, whole | {"comment": {"S": "in the index"}}) == 2
    assert units.INDEXES == INDEXES


def test_given_calls_then_transactions_cost_twice_and_every_call_is_counted(aws: Aws) -> None:
    aws.taken()
    client = aws.client("dynamodb")
    put = {"TableName": "metrics", "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}}
    client.put_item(**put)
    client.transact_write_items(TransactItems=[{"Put": put}])
    client.get_item(TableName="metrics", Key=put["Item"], ConsistentRead=True)
    client.get_item(TableName="metrics", Key={"pk": {"S": "z"}, "sk": {"S": "b"}})
    usage = aws.taken()
    assert (usage.writes, usage.reads, usage.calls.total()) == (1 + 2, 1.5, 4)
    assert aws.taken().calls.total() == 0


def test_given_the_bare_handlers_then_they_ask_of_aws_what_ours_ask(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_warm.boto3, "client", lambda *_, **__: aws.client("dynamodb"))
    handlers = one_warm.contestants()
    requests = {who: ["", ""] for who in handlers[one_warm.PEOPLE]}
    for call, by_whom in handlers.items():
        asked = {}
        for number in (0, 1):
            for who in by_whom:
                event = one_warm._event(call, who, number, requests)
                aws.taken()
                answer = by_whom[who](event)
                usage = aws.taken()
                asked[who] = [dict(usage.calls), usage.bytes_in, usage.bytes_out]
                if call == one_warm.PEOPLE:
                    requests[who][number] = json.loads(answer["body"])["survey_request"]["id"]
        check_same(call, asked)
    rows = [item for items in aws.dynamodb.tables[RECORDS].values() for item in items.values()]
    shapes = {(item["kind"]["S"], frozenset(item)) for item in rows if item["kind"]["S"] in {"person", "response"}}
    assert len(shapes) == 2, "the bare handlers leave the same attributes as ours"


def test_given_other_calls_or_other_bytes_then_no_ratio_is_told() -> None:
    same = [{"dynamodb:query": 1}, 1000, 500]
    check_same("page GET", {"ours": same, "bare": [same[0], 1019, 500]})
    for other in ([{"dynamodb:get_item": 1}, 1000, 500], [same[0], 1021, 500], [same[0], 1000, 511]):
        with pytest.raises(DifferentCallsError):
            check_same("page GET", {"ours": same, "bare": other})


def test_given_a_few_surveys_then_every_journey_has_its_figures(aws: Aws) -> None:
    rng = random.Random(7)
    scores = [rng.choice(range(7)), 10]
    singly, bulk = (journeys.campaign(aws, scores, 4, batch=batch) for batch in (False, True))
    play = Play(aws, batch=False)
    play.idle_minute()
    play.report("haldora")
    steps = {name: each.told() for name, each in (singly.steps | play.steps).items()}
    assert set(table.STEPS) <= set(steps)
    assert steps["send"]["invocations"] == {"api": 4}
    assert steps["answer"]["invocations"] == {"page": 6}
    assert steps["deliver"]["calls"]["ses:send_raw_email"] == 4
    assert steps["follow up, detractor"]["calls"]["ses:send_raw_email"] == 1
    assert steps["follow up, promoter"]["calls"]["ses:send_raw_email"] == 1
    assert steps["report"]["calls"]["s3:put_object"] == 2
    assert all(each["reads"] > 0 for each in steps.values())
    told = {name: each.told() for name, each in bulk.steps.items()}
    assert steps["deliver"]["invocations"] == {"wake": 4, "deliver": 4, "feedback": 8}
    assert told["deliver"]["invocations"] == {"wake": 1, "deliver": 1, "feedback": 1}
    assert told["score"]["invocations"]["score"] < steps["score"]["invocations"]["score"]
    one, many = (cost({n: e.told() for n, e in played.steps.items()}, 4) for played in (singly, bulk))
    assert many.rest < one.rest
    assert one.invitations == pytest.approx(0.10)
    assert one.other_mails == pytest.approx(0.05)
    assert replace(one, table=one.table + 1).total == pytest.approx(one.total + 1)
    assert page_size.sent(singly.first_page) <= 8_000
    assert len(table.journey_rows(steps)) == len(table.STEPS)


def test_given_known_usage_then_the_cost_is_that_of_the_price_list() -> None:
    nothing = {"calls": {}, "reads": 0.0, "writes": 0.0, "invocations": {"page": 1}, "cpu": 0.0, "logged": 0}
    found = cost({"one": nothing | {"writes": 1_000, "reads": 1_000, "cpu": 1024 / 1769, "logged": 300}}, 1_000)
    assert found.table == pytest.approx(0.000625 + 0.000125)
    assert found.functions == pytest.approx(0.0000133334 + 0.0000002)
    assert found.requests == pytest.approx(0.000001)
    assert found.logs == pytest.approx(1_000 * 0.5e-9)


def test_given_the_document_then_only_its_table_is_replaced() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert document.count(START) == document.count(END) == 1
    after = _with_table(document, "| new |")
    assert "| new |" in after
    assert after.partition(START)[0] == document.partition(START)[0]
    assert after.partition(END)[2] == document.partition(END)[2]
    assert _with_table(after, "| new |") == after


def test_given_five_dimensions_then_folding_counts_below_the_plain_design() -> None:
    # seven rows an answer: all, its day and five segments; alone each is twice a unit, and so is the ledger row
    alone, some, many = (counting.folded(batch, 200) for batch in (1, 10, 100))
    assert (alone.plain, alone.ours) == (7, 2 * (7 + 1))
    assert alone.ours > some.ours > many.ours
    assert many.ours < many.plain / 2
    assert (alone.transactions, many.transactions) == (200, 4)


def test_given_a_simulated_day_then_one_shard_meets_nobody_and_four_meet_one_another() -> None:
    one, four = counting.day(100_000, shards=1), counting.day(100_000)
    assert (one.conflicts, one.retries) == (0, 0)
    assert 0 < four.conflicts <= four.retries
    assert four.hottest < 100


def test_given_a_hundred_times_the_answers_then_a_years_score_reads_as_many_rows(
    monkeypatch: pytest.MonkeyPatch, fresh: None
) -> None:
    monkeypatch.setattr(clients, "dynamodb", clients.dynamodb)
    few, many = reading.year(1_000), reading.year(100_000)
    assert few["calls"] == many["calls"] == 12
    assert many["rows"] == few["rows"] == 365
    assert many["units"] / few["units"] <= 1.1
