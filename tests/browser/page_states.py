"""Every state of the hosted pages, each reached as people reach it."""

from collections.abc import Callable

from playwright.sync_api import Page

from functions.follow_up.act import act
from shared.domain.responses import Response
from tests.browser.site import REQUEST, Site
from tests.fakes.dynamodb import THROTTLED
from tests.fakes.world import DAY

State = Callable[[Site, Page], None]
"""Brings a page into a state."""


def score(page: Page, number: int) -> None:
    """Picks a score as a pointer does."""
    page.locator(f"input[name=score][value='{number}']").click()


def send(page: Page) -> None:
    """Presses the form's button and waits for what comes of it."""
    page.locator("main button[type=submit]").first.click()


def send_unchecked(page: Page) -> None:
    """Sends the form as a browser does that checks nothing."""
    page.evaluate("for (const form of document.forms) form.noValidate = true")
    send(page)


def fresh(site: Site, page: Page) -> None:
    page.goto(site.survey())


def preselected(site: Site, page: Page) -> None:
    page.goto(site.survey("?score=9"))


def asked_more(site: Site, page: Page) -> None:
    page.goto(site.survey("?score=2"))
    for more in page.locator(".more:visible textarea").all():
        more.fill(site.said["comment"])
    for more in page.locator("fieldset.more:visible").all():
        more.locator("input").first.check()


def not_sent(site: Site, page: Page) -> None:
    fresh(site, page)
    score(page, 3)
    page.locator("#comment").fill(site.said["comment"])
    page.context.set_offline(True)
    send(page)
    page.locator(".trouble:not(:empty)").wait_for()


def returning(site: Site, page: Page) -> None:
    site.world.answer(site.request(), 3, site.said["comment"])
    site.world.now += DAY
    page.goto(site.survey("?score=8"))


def refused(site: Site, page: Page) -> None:
    fresh(site, page)
    page.locator("#comment").fill(site.said["comment"])
    send_unchecked(page)
    page.locator("#score-error").wait_for()


def thanked(number: int) -> State:
    def reach(site: Site, page: Page) -> None:
        fresh(site, page)
        score(page, number)
        page.locator("#comment").fill(site.said["comment"])
        send(page)
        page.locator(".given").wait_for()

    return reach


def stopping(site: Site, page: Page) -> None:
    page.goto(site.stop())


def stopped(site: Site, page: Page) -> None:
    stopping(site, page)
    send(page)
    page.locator("button[name=subscribe]").wait_for()


def welcome_again(site: Site, page: Page) -> None:
    stopped(site, page)
    send(page)
    page.locator("button[name=unsubscribe]").wait_for()


def expired(site: Site, page: Page) -> None:
    site.world.now += 91 * DAY
    fresh(site, page)


def unknown(site: Site, page: Page) -> None:
    page.goto(f"{site.survey()}x")


def down(site: Site, page: Page) -> None:
    site.world.dynamodb.fault = lambda operation, number: THROTTLED
    fresh(site, page)


def down_while_sending(site: Site, page: Page) -> None:
    fresh(site, page)
    score(page, 3)
    site.world.dynamodb.fault = lambda operation, number: THROTTLED if operation == "transact_write_items" else None
    page.evaluate("document.forms[0].submit()")
    page.locator("input[type=hidden]").first.wait_for(state="attached")


def joining(site: Site, page: Page) -> None:
    page.goto(site.join())


def join_refused(site: Site, page: Page) -> None:
    joining(site, page)
    page.locator("#email").fill(site.said["person"])
    site.world.now += 10
    send_unchecked(page)
    page.locator("#email-error").wait_for()


def _ask_to_join(site: Site, page: Page) -> None:
    joining(site, page)
    page.locator("#email").fill("joan@example.org")
    page.locator("#name").fill(site.said["person"])
    site.world.now += 10
    send(page)


def join_asked(site: Site, page: Page) -> None:
    _ask_to_join(site, page)
    page.wait_for_url("**/join/*?sent=1")


def too_many(site: Site, page: Page) -> None:
    site.change(opt_in={"hourly_limit": 1})
    join_asked(site, page)
    _ask_to_join(site, page)
    page.wait_for_load_state()


def _confirmation(site: Site) -> str:
    (opt_in,) = site.world.items("opt_in")
    return site.confirmation(opt_in["id"])


def confirming(site: Site, page: Page) -> None:
    join_asked(site, page)
    page.goto(_confirmation(site))


def confirmed(site: Site, page: Page) -> None:
    confirming(site, page)
    send(page)
    page.locator("main form").wait_for(state="detached")


def closed(site: Site, page: Page) -> None:
    site.change(open=False)
    fresh(site, page)


def case_open(site: Site, page: Page) -> None:
    site.world.answer(site.request(), 8)
    site.world.now += DAY
    site.world.answer(site.request(), 2, site.said["comment"])
    response = site.world.stored(Response, REQUEST)
    act(response, site.change(), lambda day: False, site.world.now)
    page.goto(site.case())


def case_refused(site: Site, page: Page) -> None:
    case_open(site, page)
    form = page.locator("details:has(input[value=contacted])")
    form.locator("button").click()
    page.locator("#contacted-how-error").wait_for()


def case_contacted(site: Site, page: Page) -> None:
    case_refused(site, page)
    form = page.locator("details:has(input[value=contacted])")
    form.locator("input[value=call]").check()
    form.locator("textarea").fill(site.said["comment"])
    form.locator("button").click()
    page.get_by_role("status").wait_for()


def case_resolved(site: Site, page: Page) -> None:
    case_contacted(site, page)
    form = page.locator("details:has(input[value=resolve])")
    form.locator("#root_cause").fill("slow")
    form.locator("textarea").fill(site.said["comment"])
    form.locator("button").click()
    form.wait_for(state="detached")


STATES: dict[str, State] = {
    "survey": fresh,
    "survey-preselected": preselected,
    "survey-returning": returning,
    "survey-more-questions": asked_more,
    "survey-not-sent": not_sent,
    "survey-refused": refused,
    "thanks-promoter": thanked(10),
    "thanks-passive": thanked(8),
    "thanks-detractor": thanked(2),
    "unsubscribe": stopping,
    "unsubscribed": stopped,
    "subscribed-again": welcome_again,
    "expired": expired,
    "unknown": unknown,
    "closed": closed,
    "too-many": too_many,
    "down": down,
    "down-while-sending": down_while_sending,
    "join": joining,
    "join-refused": join_refused,
    "join-asked": join_asked,
    "join-confirm": confirming,
    "join-confirmed": confirmed,
    "case": case_open,
    "case-refused": case_refused,
    "case-contacted": case_contacted,
    "case-resolved": case_resolved,
}
