"""Opting in: one answer for all, one mail an hour, nobody a person before they confirm, nothing left of others."""

import re
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.deliver.work import work
from functions.feedback.events import Report
from functions.feedback.settle import settle
from functions.page import handler
from functions.wake.release import release
from shared.domain.links import Purpose
from shared.domain.mails import MailState
from shared.domain.people import Person
from shared.store import opt_ins, projects, suppression
from shared.store.attributes import item_from_wire
from shared.store.table import ChangedError
from tests.fakes.calls import Api
from tests.fakes.dynamodb import DIE_AFTER, DeathError
from tests.fakes.world import DAY, START, World, http_event, settings, sqs_batch

TERMS = "Acme may ask me now and then.\nI can end it at any time."
ADDRESS = "ada@example.com"
HOUR = 3600
PROMPT = "https://sqs.example.com/prompt"


@pytest.fixture
def open_(world: World) -> World:
    world.project(opt_in={"enabled": True, "consent": TERMS})
    return world


def visit(world: World, path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return handler.handle(http_event(method, path, **more), world.context)


def version() -> str:
    return next(iter(projects.load("acme").opt_in.versions()), "")


def form(world: World, email: str = ADDRESS, shown_ago: int = 10, **more: str) -> dict[str, str]:
    stamp = world.link(Purpose.FORM, f"acme/{world.now - shown_ago}")
    return {"email": email, "name": "Ada Example", "stamp": stamp, "website": ""} | more


def join(world: World, email: str = ADDRESS, source: str = "192.0.2.1", **more: Any) -> dict[str, Any]:
    return visit(world, "/join/acme", "POST", form=form(world, email, **more), source=source)


def deliver(world: World) -> None:
    for message in world.sqs.take(PROMPT):
        work(message)


def confirm_path(world: World) -> str:
    found = re.search(r"/j/[\w.\-]+", world.ses.sent[-1].part("plain"))
    assert found
    return found[0]


def press(world: World, path: str, **more: str) -> dict[str, Any]:
    return visit(world, path, "POST", form={"name": "Ada Example", "consent": version()} | more)


def joined(world: World, email: str = ADDRESS) -> str:
    join(world, email)
    deliver(world)
    path = confirm_path(world)
    assert press(world, path)["statusCode"] == 303
    return path


def the_person(world: World) -> dict[str, Any]:
    (person,) = world.items("person")
    return person


def everything(world: World) -> str:
    return str([item_from_wire(item) for item in world.dynamodb.snapshot("records").values()])


def test_given_the_form_when_confirmed_by_mail_then_there_is_a_person_with_their_consent(open_: World) -> None:
    page = visit(open_, "/join/acme")
    assert page["statusCode"] == 200
    for words in ("Acme", "Acme may ask me now and then.", 'name="email"', 'name="name"'):
        assert words in page["body"]

    asked = join(open_)
    assert (asked["statusCode"], asked["headers"]["location"]) == (303, "?sent=1")
    assert "Check your inbox" in visit(open_, "/join/acme", query="sent=1")["body"]
    assert open_.items("person") == []
    deliver(open_)
    (mail,) = open_.ses.sent
    assert (mail.recipient, mail.message["to"]) == (ADDRESS, ADDRESS)
    assert mail.message["subject"] == "Please confirm your address for Acme"

    path = confirm_path(open_)
    before = open_.dynamodb.snapshot("records")
    for method in ("GET", "HEAD", "GET"):
        shown = visit(open_, path, method)
        assert shown["statusCode"] == 200
        assert ADDRESS in shown["body"].replace("<wbr>", "")
    assert open_.dynamodb.snapshot("records") == before

    open_.now += 60
    done = press(open_, path)
    assert (done["statusCode"], done["headers"]["location"]) == (303, "?")
    person = the_person(open_)
    assert (person["email"], person["name"], person["project"]) == (ADDRESS, "Ada Example", "acme")
    (member,) = open_.items("membership")
    assert (member["id"], member["created_at"]) == (person["id"], START + 60)
    assert (person["consented_at"], person["consented_to"]) == (START + 60, version())
    assert "You are in" in visit(open_, path)["body"]
    (text,) = open_.items("consent")
    assert (text["sk"], text["text"]) == (person["consented_to"], TERMS)


def test_given_a_second_press_then_nothing_changes(open_: World) -> None:
    path = joined(open_)
    before = open_.dynamodb.snapshot("records")
    open_.now += 60
    assert "You are in" in press(open_, path)["body"]
    assert open_.dynamodb.snapshot("records") == before


@pytest.mark.parametrize("path", ["/join/nobody", "/join/closed", "/join/", "/join/a/b", "/join/" + "x" * 3000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_given_no_project_that_takes_people_in_then_one_and_the_same_page(open_: World, path: str, method: str) -> None:
    open_.project("closed")
    answer = visit(open_, path, method, form=form(open_) if method == "POST" else None)
    assert answer["statusCode"] == 404
    assert answer["body"] == visit(open_, "/r/none")["body"]
    assert open_.items("opt_in") == []


def known(world: World, **more: Any) -> None:
    world.person("p1", email=ADDRESS, **more)


def bounced_before(world: World) -> None:
    known(world)
    suppression.bounced("p1", START)


def complained_before(world: World) -> None:
    assert suppression.bar_address("acme", ADDRESS, START, complained=True) is None


def unsubscribed_before(world: World) -> None:
    known(world)
    suppression.unsubscribe("p1", START)


@pytest.mark.parametrize(("before", "mails"), [
    (lambda world: None, 1), (known, 1), (unsubscribed_before, 1), (bounced_before, 0),
    (complained_before, 0),
])  # fmt: skip
def test_given_anybody_then_the_answer_and_the_work_behind_it_are_the_same(
    open_: World, before: Any, mails: int
) -> None:
    before(open_)
    projects._cache.clear()
    calls = len(open_.dynamodb.calls)
    answer = join(open_)
    assert (answer["statusCode"], answer["headers"]["location"], answer["body"]) == (303, "?sent=1", "")
    work_done = open_.dynamodb.calls[calls:]
    assert work_done == ["get_item", "update_item", "update_item", "get_item", "transact_write_items"]
    deliver(open_)
    assert len(open_.ses.sent) == mails
    assert [one["state"] for one in open_.mails()] == ["sent" if mails else "failed"]


def test_given_a_second_and_third_join_within_the_hour_then_one_mail(open_: World) -> None:
    assert join(open_)["statusCode"] == join(open_, name="Another")["statusCode"] == 303
    deliver(open_)
    open_.now += HOUR - 1
    assert join(open_, "ADA@example.com")["statusCode"] == 303
    deliver(open_)
    assert len(open_.ses.sent) == 1
    open_.now += 1
    join(open_)
    deliver(open_)
    assert len(open_.ses.sent) == 2
    assert len(open_.items("opt_in")) == 1


def test_given_two_joins_at_once_then_one_opt_in_and_one_mail(open_: World) -> None:
    for position in range(4):
        open_.now += DAY
        email = f"p{position}@example.com"
        at = len(open_.dynamodb.calls) + position

        def meanwhile(operation: str, number: int, at: int = at, email: str = email) -> None:
            if number == at:
                join(open_, email)

        open_.dynamodb.meanwhile = meanwhile
        assert join(open_, email)["statusCode"] == 303
        open_.dynamodb.meanwhile = None
        deliver(open_)
        assert [mail.recipient for mail in open_.ses.sent].count(email) == 1


def test_given_a_join_cut_off_at_any_call_then_a_repeated_one_brings_one_mail(open_: World) -> None:
    for position in range(4):
        email, at = f"p{position}@example.com", len(open_.dynamodb.calls) + position
        open_.dynamodb.fault = lambda operation, number, at=at: DIE_AFTER if number == at else None
        with pytest.raises(DeathError):
            join(open_, email)
        open_.dynamodb.fault = None
        assert join(open_, email)["statusCode"] == 303
        deliver(open_)
        assert [mail.recipient for mail in open_.ses.sent].count(email) == 1


def test_given_a_queue_that_does_not_answer_then_the_mails_timer_brings_it(open_: World) -> None:
    open_.sqs.fail = EndpointConnectionError(endpoint_url="https://sqs.example.com")
    assert join(open_)["statusCode"] == 303
    released = release(open_.now, "w")
    assert [name.partition(":")[0] for name in released.names] == ["mail"]
    deliver(open_)
    assert len(open_.ses.sent) == 1


def test_given_an_unsubscribed_person_when_they_confirm_then_they_are_subscribed_and_can_leave_again(
    open_: World,
) -> None:
    unsubscribed_before(open_)
    api = Api.of(open_)
    assert len(api.call("GET", "unsubscribes").body) == 1
    joined(open_)
    person = open_.stored(Person, "p1")
    assert (person.suppression, person.consented_at) == (None, START)
    assert api.call("GET", "unsubscribes").body == []
    open_.now += 5
    suppression.unsubscribe("p1", open_.now)
    assert [one["unsubscribed_at"] for one in api.call("GET", "unsubscribes").body] == [START + 5]


def test_given_an_erased_person_who_unsubscribed_when_they_join_again_then_they_are_a_new_person(open_: World) -> None:
    unsubscribed_before(open_)
    assert Api.of(open_).call("DELETE", "people/p1").status == 202
    joined(open_)
    assert the_person(open_)["id"] != "p1"
    assert "unsubscribed_at" not in the_person(open_)


@pytest.mark.parametrize(("state", "dead", "mark"), [
    (MailState.BOUNCED, True, "bounced_at"), (MailState.COMPLAINED, False, "complained_at"),
    (MailState.BOUNCED, False, ""),
])  # fmt: skip
@pytest.mark.parametrize("is_known", [False, True])
def test_given_what_came_back_of_the_mail_then_the_address_is_barred(
    open_: World, state: MailState, dead: bool, mark: str, is_known: bool
) -> None:
    if is_known:
        known(open_)
    join(open_)
    deliver(open_)
    reason = "Permanent/General" if dead else "Transient/MailboxFull"
    report = Report(state, reason, open_.ses.sent[0].tags["mail"], "", (ADDRESS,))
    for _ in range(2):
        assert settle(report, open_.now)
    open_.now += HOUR
    join(open_)
    deliver(open_)
    assert len(open_.ses.sent) == (1 if mark else 2)
    told = Api.of(open_).ask(email=ADDRESS).body["survey_request"]
    assert told["status"] == ("suppressed" if mark else "scheduled")
    if mark:
        assert mark in the_person(open_)


@pytest.mark.parametrize("is_known", [False, True])
def test_given_a_report_without_our_tags_then_the_address_leads_to_its_confirmation(
    open_: World, is_known: bool
) -> None:
    if is_known:
        known(open_)
    join(open_)
    deliver(open_)
    other = Report(MailState.COMPLAINED, "x", "", "another message", ("somebody@example.com",))
    assert not settle(other, open_.now)
    (mail,) = open_.ses.sent
    assert settle(Report(MailState.BOUNCED, "Permanent/General", "", mail.message_id, (ADDRESS,)), open_.now)
    told = [one["kind"] for one in open_.mails("queued")]
    assert [one["kind"] for one in open_.mails("bounced")] == ["confirmation"]
    assert told == (["bounce_notice"] if is_known else [])
    assert Api.of(open_).ask(email=ADDRESS).body["survey_request"]["reason"] == "bounced"


def test_given_a_complaint_while_the_mail_is_taken_then_it_is_not_sent(open_: World) -> None:
    join(open_)

    def complain(operation: str, number: int) -> None:
        if operation == "transact_write_items":
            open_.dynamodb.meanwhile = None
            complained_before(open_)

    open_.dynamodb.meanwhile = complain
    deliver(open_)
    assert open_.ses.sent == []


def test_given_nobody_confirms_then_after_a_week_nothing_of_them_is_left(open_: World) -> None:
    join(open_)
    deliver(open_)
    path = confirm_path(open_)
    open_.now += 7 * DAY - 1
    assert release(open_.now, "w").names == ()
    assert visit(open_, path)["statusCode"] == 200
    open_.now += 1
    assert (visit(open_, path)["statusCode"], press(open_, path)["statusCode"]) == (410, 410)
    (name,) = release(open_.now, "w").names
    for _ in range(2):
        work({"opt_in": name.partition(":")[2]})
    assert (open_.items("opt_in"), open_.items("opt_in_claim"), open_.items("person")) == ([], [], [])
    assert not any(word in everything(open_) for word in (ADDRESS, "Ada"))
    assert visit(open_, path)["statusCode"] == 404
    assert release(open_.now, "w").names == ()


def test_given_another_asking_after_the_hour_then_the_week_begins_again(open_: World) -> None:
    join(open_)
    open_.now += 6 * DAY
    join(open_)
    (one,) = open_.items("opt_in")
    work({"opt_in": one["id"]})
    assert open_.items("opt_in")[0]["expires_at"] == open_.now + 7 * DAY


def test_given_a_confirmed_opt_in_then_it_is_forgotten_and_the_person_stays(open_: World) -> None:
    joined(open_)
    open_.now += 7 * DAY
    work({"opt_in": open_.items("opt_in")[0]["id"]})
    assert open_.items("opt_in") == []
    assert the_person(open_)["email"] == ADDRESS


@pytest.mark.parametrize("confirmed", [False, True])
def test_given_an_erasure_by_address_then_what_was_asked_for_goes_too(open_: World, confirmed: bool) -> None:
    join(open_)
    deliver(open_)
    path = confirm_path(open_)
    if confirmed:
        press(open_, path)
    api = Api.of(open_)
    assert api.call("DELETE", f"people/email:{ADDRESS}").status == 202
    assert not any(word in everything(open_) for word in (ADDRESS, "Ada"))
    assert visit(open_, path)["statusCode"] == press(open_, path)["statusCode"] == 404
    assert api.call("DELETE", f"people/email:{ADDRESS}").status == 404


def test_given_an_erasure_while_they_confirm_then_no_person_comes_back(open_: World) -> None:
    api = Api.of(open_)
    for position in range(4):
        open_.person(f"p{position}", email=ADDRESS)
        join(open_)
        deliver(open_)
        path, at = confirm_path(open_), len(open_.dynamodb.calls) + position
        person = the_person(open_)["id"]

        def erase(operation: str, number: int, at: int = at, person: str = person) -> None:
            if number == at:
                assert api.call("DELETE", f"people/{person}").status == 202

        open_.dynamodb.meanwhile = erase
        assert press(open_, path)["statusCode"] == 404
        open_.dynamodb.meanwhile = None
        assert open_.items("person") == []
        open_.now += HOUR


@pytest.mark.parametrize("limit", [1, 3])
def test_given_more_than_the_projects_limit_in_an_hour_then_429_until_the_next(world: World, limit: int) -> None:
    world.project(opt_in={"enabled": True, "consent": TERMS, "hourly_limit": limit})
    world.now += 600
    codes = [join(world, f"p{n}@example.com", source=f"192.0.2.{n}")["statusCode"] for n in range(limit + 2)]
    assert codes == [303] * limit + [429, 429]
    known_one = join(world, "p0@example.com", source="192.0.2.99")
    assert (known_one["statusCode"], known_one["headers"]["retry-after"]) == (429, "3000")
    assert len(world.items("opt_in")) == limit
    world.now += 3000
    assert join(world, "q@example.com")["statusCode"] == 303


@pytest.mark.parametrize(("sources", "last"), [
    (["192.0.2.1"] * 20, "192.0.2.1"), (["2001:db8::1"] * 20, "2001:db8::ffff"), ([""] * 20, "not an address"),
])  # fmt: skip
def test_given_one_network_then_20_an_hour_and_others_go_on(open_: World, sources: list[str], last: str) -> None:
    for number, source in enumerate(sources):
        assert join(open_, f"p{number}@example.com", source=source)["statusCode"] == 303
    assert join(open_, "late@example.com", source=last)["statusCode"] == 429
    assert join(open_, "other@example.com", source="198.51.100.7")["statusCode"] == 303
    assert "192.0.2.1" not in everything(open_)
    assert "2001:db8" not in everything(open_)


def test_given_the_hidden_field_filled_then_the_same_answer_and_nothing_is_kept(open_: World) -> None:
    before = open_.dynamodb.snapshot("records")
    assert join(open_, website="https://spam.example.com")["headers"]["location"] == "?sent=1"
    assert open_.dynamodb.snapshot("records") == before


@pytest.mark.parametrize(("seconds", "status"), [(0, 422), (1, 422), (2, 303), (DAY, 303), (DAY + 1, 422), (-5, 422)])
def test_given_a_form_sent_sooner_or_later_than_people_do_then_it_asks_once_more(
    open_: World, seconds: int, status: int
) -> None:
    answer = join(open_, shown_ago=seconds)
    assert answer["statusCode"] == status
    if status == 422:
        assert "press the button once more" in answer["body"]
        assert f'value="{ADDRESS}"' in answer["body"]
        open_.now += 2 + max(0, -seconds)
        stamp = re.search(r'name="stamp" value="([^"]+)"', answer["body"])
        assert stamp
        assert join(open_, stamp=stamp[1])["statusCode"] == 303


@pytest.mark.parametrize("stamp", ["", "x", "another project", "another purpose"])
def test_given_a_form_that_we_did_not_give_out_then_it_asks_once_more(open_: World, stamp: str) -> None:
    made = {
        "another project": open_.link(Purpose.FORM, f"other/{open_.now - 10}"),
        "another purpose": open_.link(Purpose.JOIN, f"acme/{open_.now - 10}"),
    }.get(stamp, stamp)
    assert join(open_, stamp=made)["statusCode"] == 422
    assert open_.items("opt_in") == []


@pytest.mark.parametrize(("email", "name", "words"), [
    ("", "Ada", "Please enter an email address"), ("ada", "Ada", "Please enter an email address"),
    ("a@example.com\r\nBcc: x@example.com", "Ada", "Please enter an email address"),
    (ADDRESS, "x" * 201, "This name is too long"),
])  # fmt: skip
def test_given_bad_input_then_the_form_says_where_and_nothing_is_kept(
    open_: World, email: str, name: str, words: str
) -> None:
    answer = join(open_, email, name=name)
    assert answer["statusCode"] == 422
    assert words in answer["body"]
    assert open_.items("opt_in") == []


HOSTILE = 'Eve\r\nBcc: all@example.com <script>alert(1)</script> "><img src=x> \u202e=1+1'


def test_given_a_hostile_name_then_it_is_text_and_never_in_the_mail(open_: World) -> None:
    join(open_, name=HOSTILE)
    deliver(open_)
    (mail,) = open_.ses.sent
    raw = mail.message.as_string()
    for part in ("Eve", "Bcc", "all@example.com", "<script"):
        assert part not in raw
    page = visit(open_, confirm_path(open_))["body"]
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    press(open_, confirm_path(open_), name=HOSTILE)
    name = the_person(open_)["name"]
    assert name.startswith("Eve Bcc: all@example.com <script>")
    assert not {"\r", "\n", "\u202e"} & set(name)


def test_given_a_form_from_another_site_then_both_are_refused(open_: World) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert visit(open_, "/join/acme", "POST", form=form(open_), headers=foreign)["statusCode"] == 403
    join(open_)
    deliver(open_)
    sent = {"consent": version()}
    assert visit(open_, confirm_path(open_), "POST", form=sent, headers=foreign)["statusCode"] == 403
    assert open_.items("person") == []


def test_given_a_text_that_changed_meanwhile_then_it_is_shown_before_anybody_agrees(open_: World) -> None:
    join(open_)
    deliver(open_)
    old, path = version(), confirm_path(open_)
    projects.save(settings(opt_in={"enabled": True, "consent": "Another text."}), now=open_.now)
    answer = press(open_, path, consent=old)
    assert answer["statusCode"] == 409
    assert "Another text." in answer["body"]
    assert open_.items("person") == []
    assert press(open_, path)["statusCode"] == 303
    assert len(open_.items("consent")) == 2


def test_given_a_project_that_stops_taking_people_in_then_the_mails_link_says_so(open_: World) -> None:
    join(open_)
    deliver(open_)
    projects.save(settings(), now=open_.now)
    assert visit(open_, confirm_path(open_))["statusCode"] == 410
    assert press(open_, confirm_path(open_))["statusCode"] == 410


@pytest.mark.parametrize("kind", ["r", "u", "j"])
def test_given_a_link_for_another_purpose_then_it_leads_nowhere(open_: World, kind: str) -> None:
    joined(open_)
    one = open_.items("opt_in")[0]["id"]
    for purpose in set(Purpose) - {{"r": Purpose.SURVEY, "u": Purpose.UNSUBSCRIBE, "j": Purpose.JOIN}[kind]}:
        assert visit(open_, f"/{kind}/{open_.link(purpose, one)}")["statusCode"] == 404


def test_given_a_confirmation_cut_off_at_any_call_then_the_next_press_ends_it(open_: World) -> None:
    for position in range(10):
        email = f"p{position}@example.com"
        join(open_, email)
        deliver(open_)
        path, at = confirm_path(open_), len(open_.dynamodb.calls) + position
        open_.dynamodb.fault = lambda operation, number, at=at: DIE_AFTER if number == at else None
        try:
            press(open_, path)
            ended = True
        except DeathError:
            ended = False
        open_.dynamodb.fault = None
        press(open_, path)
        assert [item["email"] for item in open_.items("person")].count(email) == 1
        if ended:
            return
    pytest.fail("the confirmation never ended")


def test_given_a_language_in_the_address_then_it_goes_with_the_person(open_: World) -> None:
    answer = visit(open_, "/join/acme", "POST", query="lang=ar", form=form(open_))
    assert answer["headers"]["location"] == "?sent=1&lang=ar"
    assert 'dir="rtl"' in visit(open_, "/join/acme", query="sent=1&lang=ar")["body"]
    deliver(open_)
    assert 'dir="rtl"' in open_.ses.sent[0].part("html")
    assert 'dir="rtl"' in visit(open_, confirm_path(open_))["body"]
    press(open_, confirm_path(open_))
    assert the_person(open_)["locale"] == "ar"
    assert visit(open_, "/join/acme", query="lang=%0d%0aSet-Cookie")["statusCode"] == 200


def test_given_a_text_for_ones_language_then_that_is_what_one_agrees_to(world: World) -> None:
    spanish = {"consent": "Acme puede preguntarme."}
    project = world.project(opt_in={"enabled": True, "consent": TERMS, "es": spanish})
    assert [item["text"] for item in world.items("consent")].count("Acme puede preguntarme.") == 1
    form_in_spanish = visit(world, "/join/acme", headers={"Accept-Language": "es-MX"})["body"]
    assert "Acme puede preguntarme." in form_in_spanish
    assert "Acme may ask me" not in form_in_spanish
    visit(world, "/join/acme", "POST", form=form(world), headers={"Accept-Language": "es-MX"})
    deliver(world)
    page = visit(world, confirm_path(world))["body"]
    shown = re.search(r'name="consent" value="(\w+)"', page)
    assert shown
    press(world, confirm_path(world), consent=shown[1])
    assert project.opt_in.versions()[the_person(world)["consented_to"]] == "Acme puede preguntarme."
    assert the_person(world)["locale"] == "es-MX"
    assert "Acme may ask me" in visit(world, "/join/acme", query="lang=fr")["body"]


def test_given_opting_in_then_no_log_line_tells_who(open_: World, capsys: pytest.CaptureFixture[str]) -> None:
    joined(open_)
    join(open_, website="x")
    told = capsys.readouterr().out
    assert '"opt_in"' in told
    for word in (ADDRESS, "Ada", "192.0.2.1", confirm_path(open_)[3:]):
        assert word not in told


def test_given_an_opt_in_that_changed_when_its_week_is_over_then_the_message_comes_again(open_: World) -> None:
    join(open_)
    one = opt_ins.find(open_.items("opt_in")[0]["id"])
    open_.now += HOUR
    join(open_)
    with pytest.raises(ChangedError):
        opt_ins.forget(one)
    assert len(open_.items("opt_in")) == 1


def test_given_a_mail_that_ses_never_answered_then_it_is_not_sent_twice(open_: World) -> None:
    from functions.deliver import handler as deliver_handler  # noqa: PLC0415
    from tests.fakes.scenes import timeout  # noqa: PLC0415

    join(open_)
    messages = open_.sqs.take(PROMPT)
    open_.ses.answers = [timeout(taken=True)]
    for ahead in (0, 61, 2000):
        open_.now = START + ahead
        deliver_handler.handle(sqs_batch(*messages), open_.context)
    assert len(open_.ses.sent) == 1
    assert [mail["state"] for mail in open_.mails()] == ["unsettled"]
