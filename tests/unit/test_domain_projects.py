"""A project's settings name what is wrong with them; its calendar knows what three business days are."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.business_time import BusinessTime
from shared.domain.errors import InvalidError
from shared.domain.project import BusinessCalendar
from shared.domain.project_settings import parse_project
from shared.outside import holidays
from tests.fakes.world import moment, settings


def with_(path: str, value: Any) -> dict[str, Any]:
    """Good settings with one of them changed."""
    data = settings()
    *parents, last = path.split(".")
    inner = data
    for name in parents:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return data


def blamed(data: Mapping[str, Any]) -> set[str]:
    with pytest.raises(InvalidError) as caught:
        parse_project(data)
    return set(caught.value.fields)


def test_given_the_least_settings_then_the_defaults_are_the_products() -> None:
    project = parse_project(settings())
    assert (project.throttle_days, project.link_days, project.case_days, project.time_zone) == (30, 90, 3, "UTC")
    assert (project.calendar.days, project.calendar.start, project.calendar.end) == ((1, 2, 3, 4, 5), time(9), time(17))
    assert (project.product, project.thank_promoters, project.dimensions) == ("Acme", True, ())


IN_TWO = {
    "subject": "One question",
    "intro": "We read all.",
    "es": {"intro": "Lo leemos todo."},
    "es-MX": {"subject": "Hola"},
}


@pytest.mark.parametrize(
    ("locale", "subject", "intro"),
    [
        ("en", "One question", "We read all."),
        ("en-GB", "One question", "We read all."),
        ("es", "", "Lo leemos todo."),
        ("es-MX", "Hola", "Lo leemos todo."),
        ("ES_mx", "Hola", "Lo leemos todo."),
        ("de", "", ""),
    ],
)
def test_given_texts_in_two_languages_then_a_reader_gets_theirs_or_none(locale: str, subject: str, intro: str) -> None:
    project = parse_project(
        settings(texts=IN_TWO | {"product": "Chart", "thank_you_link_url": "https://example.com/r"})
    )
    texts = project.texts_in(locale)
    assert (texts.subject, texts.intro) == (subject, intro)
    assert (texts.product, texts.thank_you_link_url) == ("Chart", "https://example.com/r")


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ({"klingon": {"intro": "x"}}, {"texts.klingon", "texts.klingon.intro"}),
        ({"intro": {"es": "x"}}, {"texts.intro"}),
        ({"es": {"thank_you_link_url": "https://example.com"}}, {"texts.es.thank_you_link_url"}),
        ({"es": {"greeting": "x"}}, {"texts.es.greeting"}),
        ({"es": {"subject": "x" * 151, "intro": 5}}, {"texts.es.subject", "texts.es.intro"}),
        ({"es": {"subject": "a\nb"}}, {"texts.es.subject"}),
    ],
)
def test_given_wrong_texts_of_a_language_then_each_is_named(texts: Mapping[str, Any], wrong: set[str]) -> None:
    assert blamed(settings(texts=texts)) >= wrong


@pytest.mark.parametrize(
    ("throttle", "given", "days"), [(30, {}, 90), (120, {}, 120), (30, {"frequency_days": 30}, 30), (7, {}, 90)]
)
def test_given_a_throttle_then_autopilot_asks_no_more_often(throttle: int, given: dict[str, int], days: int) -> None:
    assert parse_project(settings(throttle_days=throttle, autopilot=given)).autopilot.frequency_days == days


def test_given_a_frequency_below_the_throttle_then_it_is_said_so() -> None:
    with pytest.raises(InvalidError) as caught:
        parse_project(settings(throttle_days=60, autopilot={"active": True, "frequency_days": 59}))
    assert caught.value.fields == {"autopilot.frequency_days": ["must not be less than throttle_days (60)"]}


def test_given_nothing_then_every_required_field_is_named() -> None:
    assert blamed({}) == {"id", "name", "brand.name", "sender.email", "sender.name", "owner.email"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "Acme!"),
        ("id", "-acme"),
        ("id", "a" * 41),
        ("id", 5),
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("locale", "english!"),
        ("time_zone", "Mars/Base"),
        ("time_zone", "../etc/passwd"),
        ("throttle_days", 6),
        ("throttle_days", 366),
        ("throttle_days", "30"),
        ("throttle_days", True),
        ("throttle_days", 7.5),
        ("link_days", 0),
        ("link_days", 366),
        ("case_days", 0),
        ("case_days", 31),
        ("thank_promoters", "yes"),
        ("dimensions", "plan"),
        ("dimensions", ["a", "a"]),
        ("dimensions", [f"d{n}" for n in range(9)]),
        ("dimensions", [""]),
        ("dimensions", [5]),
        ("dimensions", ["a#b"]),
        ("brand.color", "blue"),
        ("brand.color", "#12345"),
        ("brand.logo_url", "http://example.com/x.png"),
        ("brand.logo_url", 'https://example.com/"onload=x'),
        ("brand.privacy_url", "javascript:alert(1)"),
        ("sender.email", "nobody"),
        ("sender.reply_to", "nobody"),
        ("sender.name", "A\nBcc: b@example.com"),
        ("owner.email", ""),
        ("sender.email", "a@example.com\nBcc: b@example.com"),
        ("managers", {"email": "a@example.com"}),
        ("managers", "x"),
        ("texts.product", "x" * 151),
        ("texts.thank_you_link_url", "ftp://example.com"),
        ("autopilot", True),
        ("autopilot.active", "yes"),
        ("autopilot.frequency_days", 6),
        ("autopilot.frequency_days", 29),
        ("autopilot.frequency_days", 366),
        ("autopilot.frequency", 90),
        ("calendar.days", []),
        ("calendar.days", [0]),
        ("calendar.days", [8]),
        ("calendar.days", "1"),
        ("calendar.days", [[1]]),
        ("calendar.start", "25:00"),
        ("calendar.start", 9),
        ("calendar.end", "08:00"),
        ("calendar.country", "Germany"),
        ("calendar.country", "de"),
        ("calendar.subdivision", "bavaria"),
        ("colour", "blue"),
        ("brand.tagline", "x"),
        ("owner", "x@example.com"),
    ],
)
def test_given_one_wrong_setting_then_it_alone_is_named(path: str, value: Any) -> None:
    wholes = {"owner": {"owner", "owner.email"}}
    assert {name for name in blamed(with_(path, value)) if name != "managers.email"} == wholes.get(path, {path})


def test_given_a_wrong_manager_then_their_place_in_the_list_is_named() -> None:
    managers = [{"email": "a@example.com"}, {"email": "x", "age": 5}]
    assert blamed(with_("managers", managers)) == {"managers.1.email", "managers.1.age"}


def test_given_several_wrong_settings_then_all_are_named_at_once() -> None:
    data = with_("throttle_days", 1) | {"time_zone": "x", "extra": 1}
    assert blamed(data) == {"throttle_days", "time_zone", "extra"}


@pytest.mark.parametrize(
    ("path", "good"),
    [
        ("throttle_days", 7),
        ("throttle_days", 365),
        ("id", "a"),
        ("id", "a-1"),
        ("calendar.start", time(8, 30)),
        ("calendar.start", "08:30"),
    ],
)
def test_given_a_setting_at_its_bound_then_it_is_taken(path: str, good: Any) -> None:
    parse_project(with_(path, good))


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "brand", "sender", "owner", "managers", "calendar", "dimensions"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["name", "email", "days", "start", "color"]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
def test_given_any_table_then_it_is_taken_or_its_fields_are_named(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_project(data)
    assert caught.value.fields


def clock(zone: str = "UTC", **calendar: Any) -> BusinessTime:
    one = BusinessCalendar(**calendar)
    return BusinessTime(one, ZoneInfo(zone), holidays.test_for(one))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-03-06 15:00", 3, "2026-03-11 15:00"),
        ("2026-03-07 12:00", 3, "2026-03-12 09:00"),
        ("2026-03-02 07:00", 1, "2026-03-03 09:00"),
        ("2026-03-02 09:00", 1, "2026-03-03 09:00"),
        ("2026-03-02 16:59", 1, "2026-03-03 16:59"),
        ("2026-03-02 17:00", 1, "2026-03-04 09:00"),
        ("2026-03-06 17:00", 3, "2026-03-12 09:00"),
        ("2026-03-08 23:59", 1, "2026-03-10 09:00"),
    ],
)
def test_given_a_time_then_business_days_skip_nights_and_weekends(start: str, days: int, due: str) -> None:
    assert clock().after(moment(start), days) == moment(due)


@pytest.mark.parametrize(
    ("zone", "start", "due"),
    [
        ("Europe/Berlin", "2026-03-27 10:00", "2026-04-01 10:00"),
        ("Europe/Berlin", "2026-10-23 10:00", "2026-10-28 10:00"),
        ("America/New_York", "2026-03-06 10:00", "2026-03-11 10:00"),
        ("Asia/Kolkata", "2026-03-06 10:00", "2026-03-11 10:00"),
    ],
)
def test_given_a_change_of_clocks_between_then_the_local_time_of_day_is_kept(zone: str, start: str, due: str) -> None:
    assert clock(zone).after(moment(start, zone), 3) == moment(due, zone)


@pytest.mark.parametrize(
    ("country", "subdivision", "start", "due"),
    [
        ("DE", "", "2026-04-02 10:00", "2026-04-09 10:00"),
        ("DE", "", "2026-12-23 10:00", "2026-12-29 10:00"),
        ("US", "", "2026-07-02 10:00", "2026-07-08 10:00"),
        ("US", "", "2026-11-25 10:00", "2026-12-01 10:00"),
        ("DE", "BY", "2026-01-05 10:00", "2026-01-09 10:00"),
        ("DE", "BE", "2026-01-05 10:00", "2026-01-08 10:00"),
    ],
)
def test_given_public_holidays_then_they_are_no_business_days(
    country: str, subdivision: str, start: str, due: str
) -> None:
    assert clock(country=country, subdivision=subdivision).after(moment(start), 3) == moment(due)


def test_given_a_week_from_sunday_to_thursday_then_friday_and_saturday_are_skipped() -> None:
    dubai = clock("Asia/Dubai", days=(1, 2, 3, 4, 7))
    start, due = moment("2026-03-05 16:00", "Asia/Dubai"), moment("2026-03-10 16:00", "Asia/Dubai")
    assert dubai.after(start, 3) == due
    assert dubai.first_business_day(2026, 3) == date(2026, 3, 1)


@pytest.mark.parametrize(("year", "month", "day"), [(2026, 1, 2), (2026, 5, 4), (2026, 2, 2), (2026, 4, 1)])
def test_given_a_month_then_its_first_business_day_is_no_holiday(year: int, month: int, day: int) -> None:
    assert clock("Europe/Berlin", country="DE").first_business_day(year, month) == date(year, month, day)


@given(st.integers(1_700_000_000, 1_900_000_000), st.integers(1, 10),
       st.sampled_from(("UTC", "Europe/Berlin", "America/Santiago", "Asia/Kolkata", "Pacific/Apia")))  # fmt: skip
def test_given_any_time_then_the_due_time_is_later_and_within_working_hours(start: int, days: int, zone: str) -> None:
    due = clock(zone).after(start, days)
    local = datetime.fromtimestamp(due, ZoneInfo(zone))
    assert due > start
    assert local.isoweekday() <= 5
    assert time(9) <= local.time() < time(17)


def test_given_a_calendar_without_business_days_then_it_says_so_instead_of_searching_for_ever() -> None:
    never = BusinessTime(BusinessCalendar(), ZoneInfo("UTC"), lambda day: True)
    with pytest.raises(ValueError, match="no business day"):
        never.after(moment("2026-03-02 10:00"), 1)
