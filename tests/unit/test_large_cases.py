"""A case that hundreds of answers join, or that is full of notes, stays one that can be written, shown and closed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.deliver.work import Done, work
from functions.desk import handler as desk
from functions.follow_up.act import act
from shared.domain import cases
from shared.domain.cases import Case, CaseState
from shared.domain.errors import ConflictError
from shared.domain.links import Purpose
from shared.domain.responses import Response
from shared.store.attributes import item_to_wire
from shared.store.records import created, load, to_item
from shared.store.table import records
from tests.fakes.calls import Api
from tests.fakes.sizes import MOST, size_of
from tests.fakes.world import START, World, http_event

NAME = "ن" * 1_000
NOTE = "😀" * cases.MAX_NOTE
"""Four bytes a character: the longest that a note can be."""


def detractor(number: int, comment: str = "") -> Response:
    request = f"p{number:04d}-{'a' * 40}"
    properties = {"account_id": "a1", "account_name": NAME, "owner_name": NAME, "owner_email": "o@example.com"}
    return Response(
        request, "acme", f"p{number:04d}", 3, START + number, START + number, comment=comment, account_id="a1",
        properties=properties, rev=1,
    )  # fmt: skip


def filled(count: int) -> Case:
    first = detractor(0)
    case = Case(
        "c1", "acme", first.person, START, START, "o" * 240 + "@example.com", owner_name=NAME, account_id="a" * 1_000,
        account_name=NAME, responses=(first.id,), history=(cases.Event(START, "opened", "3"),), rev=1,
    )  # fmt: skip
    for number in range(1, count):
        case = cases.join(case, detractor(number), now=START + number)
    return case


def is_kept(case: Case) -> bool:
    return size_of(item_to_wire(to_item(case))) <= MOST


def test_given_more_answers_than_a_case_names_then_it_names_the_first_and_the_newest_and_counts_all() -> None:
    case = filled(1_000)
    assert (len(case.responses), case.answers) == (cases.MAX_RESPONSES, 1_000)
    assert case.responses[0] == detractor(0).id
    assert case.responses[1:] == tuple(detractor(number).id for number in range(901, 1_000))
    assert (case.history[0].what, case.history[-1].at, len(case.history)) == ("opened", START + 999, cases.MAX_FACTS)


def test_given_as_many_answers_as_a_case_names_then_none_is_left_out() -> None:
    case = filled(cases.MAX_RESPONSES)
    assert (len(case.responses), case.answers) == (cases.MAX_RESPONSES, cases.MAX_RESPONSES)
    assert len(case.history) == cases.MAX_RESPONSES


@settings(max_examples=40)
@given(
    steps=st.lists(st.sampled_from(("join", "note", "note", "better", "worse", "contact")), max_size=30),
    each=st.integers(1, 60),
)
def test_given_any_history_then_the_case_can_be_kept_and_closed_and_the_owners_words_stay(
    steps: list[str], each: int
) -> None:
    case, noted = filled(1), 0
    for number, step in enumerate(step for step in steps for _ in range(each)):
        match step:
            case "join":
                case = cases.join(case, detractor(number), now=START + number)
            case "better":
                case = cases.recover(case, detractor(number), now=START + number)
            case "worse":
                case = cases.relapse(case, detractor(number), now=START + number)
            case "contact" if case.state is CaseState.OPEN:
                case = cases.contact(case, how="call", note=NOTE, by=NAME, now=START + number)
            case "note":
                try:
                    case = cases.add_note(case, note=NOTE, by=NAME, now=START + number)
                except ConflictError:
                    assert noted >= 18
                else:
                    noted += 1
        assert is_kept(case)
    assert sum(event.what == "noted" for event in case.history) == noted
    if case.state is CaseState.OPEN:
        case = cases.contact(case, how="call", note=NOTE, by=NAME, now=START)
    case = cases.resolve(case, root_cause="😀" * 200, note=NOTE, by=NAME, now=START)
    assert is_kept(case)


def test_given_hundreds_of_detractors_of_one_account_then_each_is_alerted_and_the_desk_and_the_api_show_the_case(
    world: World,
) -> None:
    project = world.project()
    for number in range(250):
        response = detractor(number, "slow and slow again")
        records().write(created(response))
        done = act(response, project, lambda day: False, world.now)
        assert done.mail
    (case,) = world.items("case")
    assert len(world.mails()) == 250
    # the last alert goes out
    assert work({"mail": done.mail})[0] is Done.SENT
    # and its owner sees how many there are
    path = f"/c/{world.link(Purpose.CASE, case['id'])}"
    shown = desk.handle(http_event("GET", path), world.context)
    assert (shown["statusCode"], "(250 answers)" in shown["body"]) == (200, True)
    (told,) = Api.of(world).call("GET", "cases").body
    assert (len(told["responses"]), told["response_count"]) == (100, 250)
    stored = load(Case, case["id"])
    assert stored is not None
    assert stored.answers == 250


def test_given_a_case_full_of_words_then_a_note_says_so_and_it_can_be_resolved() -> None:
    case = filled(1)
    for _ in range(25):
        case = cases.add_note(case, note="😀" * 1_995, by="Olga", now=START)
    with pytest.raises(ConflictError, match="full of words; resolve it"):
        cases.add_note(case, note=NOTE, by="Olga", now=START)
    assert cases.resolve(case, root_cause="slow", note="done", by="", now=START).state is CaseState.RESOLVED
