"""Whether what the demonstration caused is what should have happened."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.inbox import ReceivedMail
from local.respondent import link_to, subject_of, survey_link
from samples.answers import Answer
from shared.domain.nps import Category, Histogram, category


@dataclass(slots=True)
class Outcome:
    """What was done, and what the stack says of it afterwards."""

    people: Sequence[Mapping[str, str]]
    sent: list[dict[str, Any]] = field(default_factory=list)
    sent_again: list[dict[str, Any]] = field(default_factory=list)
    sent_after_unsubscribing: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    mails: list[ReceivedMail] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    counted: Histogram = field(default_factory=Histogram)
    responses: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def invitations(self) -> list[ReceivedMail]:
        """The survey mails."""
        return [mail for mail in self.mails if survey_link(mail)]

    @property
    def alerts(self) -> list[ReceivedMail]:
        """The mails that lead to a case."""
        return [mail for mail in self.mails if link_to("case", mail)]

    @property
    def reports(self) -> list[ReceivedMail]:
        """The mails that lead to a report."""
        return [mail for mail in self.mails if link_to("report", mail)]

    @property
    def detractors(self) -> list[dict[str, Any]]:
        """The responses of 0 to 6."""
        return [one for one in self.responses if category(one["score"]) is Category.DETRACTOR]

    def scheduled(self) -> list[str]:
        """The addresses whose survey was scheduled."""
        return [one["email"].lower() for one in self.sent if one["survey_request"]["status"] == "scheduled"]


def differences(outcome: Outcome) -> list[str]:
    """Everything that is not as it should be, one line each."""
    return [*_sending(outcome), *_counting(outcome), *_closing_the_loop(outcome), *_reporting(outcome)]


def _sending(outcome: Outcome) -> Iterator[str]:
    scheduled = outcome.scheduled()
    if len(scheduled) != len(outcome.people):
        yield f"{len(outcome.people)} people were sent to, {len(scheduled)} surveys are scheduled"
    invited = Counter(address for mail in outcome.invitations for address in mail.to)
    twice = [address for address, count in invited.items() if count > 1]
    if twice:
        yield f"{len(twice)} people got two survey mails"
    if set(invited) != set(scheduled):
        missing, extra = set(scheduled) - set(invited), set(invited) - set(scheduled)
        yield f"{len(missing)} scheduled people got no survey mail, {len(extra)} others did"
    for one in outcome.sent_again:
        request = one["survey_request"]
        if request["status"] != "throttled" or not request["next_eligible_at"]:
            yield f"a second send call was answered {request['status']}, not throttled with its end"
    last = outcome.sent_after_unsubscribing.get("survey_request", {})
    if (last.get("status"), last.get("reason")) != ("suppressed", "unsubscribed"):
        yield f"a send call after unsubscribing was answered {last.get('status')} ({last.get('reason')})"


def _counting(outcome: Outcome) -> Iterator[str]:
    given = Counter(one.score for one in outcome.answers)
    recounted = Counter(int(one["score"]) for one in outcome.responses)
    if given != recounted:
        yield f"{given.total()} answers were given, {recounted.total()} are kept, or their scores differ"
    histogram = Histogram(tuple(recounted[score] for score in range(11)))
    if outcome.counted != histogram:
        yield f"the counters say {outcome.counted.counts}, a recount says {histogram.counts}"
    told = (outcome.metrics.get("response_count"), outcome.metrics.get("nps"))
    if told != (histogram.n, histogram.score() or 0):
        yield f"GET metrics says (count, NPS) {told}, a recount says {(histogram.n, histogram.score())}"
    if outcome.counters.get("sent", 0) != len(outcome.invitations):
        yield f"{outcome.counters.get('sent', 0)} surveys are counted as sent, {len(outcome.invitations)} mails came"
    settled = outcome.counters.get("delivered", 0) + outcome.counters.get("bounced", 0)
    if settled != outcome.counters.get("sent", 0):
        yield f"{outcome.counters.get('sent', 0)} surveys were sent, {settled} are known as delivered or bounced"
    if outcome.counters.get("answered", 0) != len(outcome.answers):
        yield f"{outcome.counters.get('answered', 0)} surveys are counted as answered, not {len(outcome.answers)}"


def _closing_the_loop(outcome: Outcome) -> Iterator[str]:
    case_of = {response: case for case in outcome.cases for response in case["responses"]}
    alerted = Counter(subject_of(link_to("case", mail)) for mail in outcome.alerts)
    open_by_account = Counter(case["account_id"] for case in outcome.cases if case["account_id"])
    for one in outcome.detractors:
        case = case_of.get(one["id"])
        account = one["person_properties"].get("account_name", "a person without an account")
        if case is None:
            yield f"no case for the detractor at {account}"
        elif alerted[case["id"]] < len(case["responses"]):
            yield f"{alerted[case['id']]} alerts for {len(case['responses'])} detractors at {account}"
    for account_id, count in open_by_account.items():
        if count > 1:
            yield f"{count} open cases for the account {account_id}"


def _reporting(outcome: Outcome) -> Iterator[str]:
    if outcome.report.get("state") != "built":
        yield f"the report is {outcome.report.get('state', 'not there')}"
    if not outcome.reports:
        yield "no manager got the report by mail"
