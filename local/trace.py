"""`hearback trace`: everything that happened to one survey request, in order, from the records.

Ids, states, scores and times; no address, name or word that a person wrote.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from local.problems import CommandError
from shared.domain import mails
from shared.domain.cases import Case, FollowUp
from shared.domain.mails import Mail, MailKind
from shared.domain.people import Person
from shared.domain.project import MAX_REMINDERS
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.store import counters, keys, people, projects
from shared.store.attributes import Item, unpack
from shared.store.records import load, load_many
from shared.store.table import records

MOST_REVISIONS = 200


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """One thing that happened: when (Unix seconds), to what, and what."""

    at: int
    record: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one request. `counted` says how far `score` has come with it."""

    request: str
    person: str
    project: str
    happenings: tuple[Happening, ...]
    counted: dict[str, str]


def run(name: str, *, as_json: bool) -> int:
    """Tells what happened to the requests that a name leads to. Raises CommandError when it leads to none."""
    stories = [story for request in requests_of(name) if (story := tell(request))]
    if not stories:
        raise CommandError(f"nothing is known by {name!r}: give the id of a request, response, mail, case or person")
    if as_json:
        print(json.dumps([asdict(story) for story in stories], indent=2))
        return 0
    for story in stories:
        print("\n".join(lines(story)))
    return 0


def requests_of(name: str) -> list[str]:
    """The ids of the requests that the id of any record, or a person's address, leads to."""
    if "@" in name:
        found = [person for project in projects.all_projects() if (person := people.find(project.id, name)[1])]
        return [request for person in found for request in _asked(person.id)]
    if load(Person, name) is not None:
        return _asked(name)
    if (mail := load(Mail, name)) is not None:
        about = mails.about(mail).get("request")
        return [about] if about else []
    if (case := load(Case, name)) is not None:
        return list(case.responses)
    return [name]


def tell(request_id: str) -> Story | None:
    """What happened to a request, or None when there is neither a request nor a response of that id."""
    items = list(records().query(keys.asked(request_id).pk, prefix=keys.asked(request_id).sk))
    by_kind: dict[str, Item] = {item["kind"]: item for item in items if item["kind"] != "edit"}
    if not by_kind.keys() & {"request", "response"}:
        return None
    happened: list[Happening] = []
    revisions = 0
    request = response = None
    if "request" in by_kind:
        request = unpack(SurveyRequest, by_kind["request"])
        happened += _of_request(request)
    if "response" in by_kind:
        response = unpack(Response, by_kind["response"])
        revisions = response.rev
        versions = [unpack(Response, item) for item in items if item["kind"] == "edit"]
        happened += _of_response([*versions, response])
    done = unpack(FollowUp, by_kind["follow_up"]) if "follow_up" in by_kind else None
    for mail in _mails(request_id, revisions):
        happened += _of_mail(mail)
    for case in load_many(Case, [done.case] if done and done.case else []):
        happened += _of_case(case, request_id)
    known = request or response
    return Story(
        request=request_id,
        person=known.person if known else "",
        project=known.project if known else "",
        happenings=tuple(sorted(happened, key=lambda one: one.at)),
        counted=dict(_counted([one for one in (request, response) if one])),
    )


def lines(story: Story) -> Iterator[str]:
    """A story as a table."""
    yield f"request {story.request}, person {story.person}, project {story.project}"
    width = max((len(one.record) for one in story.happenings), default=0)
    for one in story.happenings:
        at = f"{datetime.fromtimestamp(one.at, UTC):%Y-%m-%d %H:%M:%S}"
        yield f"  {at}  {one.record:<{width}}  {one.what:<12}  {one.detail}".rstrip()
    for record, how in story.counted.items():
        yield f"  {record}: {how}"


def _asked(person_id: str) -> list[str]:
    found = [item for item in people.everything_of(person_id) if item["kind"] in {"request", "response"}]
    return list(dict.fromkeys(item["id"] for item in sorted(found, key=lambda item: int(item["created_at"]))))


def _of_request(request: SurveyRequest) -> Iterator[Happening]:
    record = f"request {request.id}"
    about = f"now {request.state.value}" + (f" ({request.reason})" if request.reason else "")
    if request.scheduled_at:
        about += f", scheduled for {datetime.fromtimestamp(request.scheduled_at, UTC):%Y-%m-%d %H:%M:%S}"
    yield Happening(request.created_at, record, "asked for", about)
    for at, what in (
        (request.sent_at, "sent"),
        (request.delayed_at, "delayed"),
        (request.delivered_at, "delivered"),
        (request.bounced_at, "bounced"),
        (request.robot_at, "read by a robot"),
        (request.responded_at, "answered"),
    ):
        if at:
            yield Happening(at, record, what)
    if request.timer_at:
        yield Happening(request.timer_at, record, "timer", "when it is looked at next")


def _of_response(versions: Sequence[Response]) -> Iterator[Happening]:
    for number, one in enumerate(sorted(versions, key=lambda version: version.rev)):
        words = "with a comment" if one.commented else "without a comment"
        detail = f"{one.score}, {one.category.value}, {words}, revision {one.rev}" + (", erased" if one.erased else "")
        if one.quarantine:
            detail += f", quarantined: {one.quarantine}"
        yield Happening(one.updated_at, f"response {one.id}", _what_happened(one, first=not number), detail)
        if one.timer_at and number == len(versions) - 1:
            yield Happening(one.timer_at, f"response {one.id}", "timer", "counts if it is not sent before")


def _what_happened(one: Response, *, first: bool) -> str:
    if one.partial:
        return "counted" if one.matured_at else "chosen"
    return "given" if first else "edited"


def _mails(request_id: str, revisions: int) -> list[Mail]:
    """The mails that a request and each revision of its response may have caused: their ids say so.

    A notice that a mail bounced is named after that mail.
    """
    kinds = (MailKind.ALERT, MailKind.THANKS)
    last = min(revisions, MOST_REVISIONS)
    names = [f"{kind.value}-{request_id}-{rev}" for kind in kinds for rev in range(1, last + 1)]
    names += [mails.reminder_id(request_id, number) for number in range(MAX_REMINDERS + 1)]
    return load_many(Mail, [*names, *(mails.bounce_notice_id(name) for name in names)])


def _of_mail(mail: Mail) -> Iterator[Happening]:
    record = f"mail {mail.id}"
    reason = f" ({mail.reason})" if mail.reason else ""
    yield Happening(mail.created_at, record, "made", f"{mail.kind.value}, now {mail.state.value}{reason}")
    if mail.sent_at:
        name = mail.message_id or "unknown"
        yield Happening(mail.sent_at, record, "sent", f"attempt {mail.attempt}, SES's id {name}")
    if mail.settled_at and mail.settled_at != mail.sent_at:
        yield Happening(mail.settled_at, record, "settled", mail.state.value)
    if mail.timer_at:
        yield Happening(mail.timer_at, record, "timer", "when it is looked at next")


def _of_case(case: Case, response: str) -> Iterator[Happening]:
    record = f"case {case.id}"
    for event in case.history:
        detail = f"score {event.text}" if event.what in {"opened", "joined", "recovered", "relapsed"} else ""
        yield Happening(event.at, record, event.what, detail)
    others = len(case.responses) - (response in case.responses)
    yield Happening(case.due_at, record, "due", f"now {case.state.value}, {others} other responses in it")


def _counted(known: Sequence[SurveyRequest | Response]) -> Iterator[tuple[str, str]]:
    names = {counters.name_of(one): one.rev for one in known}
    ledger = counters.ledger(names)
    for name, rev in names.items():
        entry = ledger.get(name)
        if entry is None:
            yield name, f"revision {rev} is not counted yet"
        elif entry.rev < rev:
            yield name, f"counted up to revision {entry.rev} of {rev}"
        else:
            yield name, f"counted, revision {entry.rev}"
