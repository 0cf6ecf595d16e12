"""Trends: saved filters of responses, each counted by day like everything else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.errors import InvalidError, NotFoundError
from shared.domain.people import MAX_PROPERTY_NAME
from shared.domain.project import IDENTIFYING

MAX_TRENDS = 20
MAX_NAME = 100
MAX_FILTERED = 8
MAX_FILTER = 2_000

Filter = Mapping[str, tuple[str, ...]]
"""Property to the values that match; all properties must."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A saved filter. `rules` is the version of the project's counting rules from which on it is as it is now."""

    id: str
    name: str
    filter: Filter
    rules: int

    def matches(self, properties: Mapping[str, str]) -> bool:
        """Whether a response with these properties belongs to the trend."""
        return all(properties.get(name, "").strip() in values for name, values in self.filter.items())

    def names(self, name: str, value: str) -> bool:
        """Whether the filter speaks of this value of a property."""
        return value.strip() in self.filter.get(name, ())


def found(trends: Sequence[Trend], trend_id: str) -> Trend:
    """The trend of an id. Raises NotFoundError without one."""
    for one in trends:
        if one.id == trend_id:
            return one
    raise NotFoundError("there is no such trend")


def with_trend(trends: Sequence[Trend], trend: Trend) -> tuple[Trend, ...]:
    """The trends with a new one, or with a changed one in its place.

    Raises InvalidError when another has its name, its filter cannot be counted, or there would be more than 20.
    """
    problems: dict[str, list[str]] = {}
    if any(one.name == trend.name and one.id != trend.id for one in trends):
        problems["name"] = ["is another trend's"]
    if why := _filter_problem(trend.filter):
        problems["filter"] = [why]
    known = [one.id for one in trends]
    if trend.id not in known and len(known) >= MAX_TRENDS:
        problems["trend"] = [f"is one too many: a project has at most {MAX_TRENDS}"]
    if problems:
        raise InvalidError(problems)
    if trend.id in known:
        return tuple(trend if one.id == trend.id else one for one in trends)
    return (*trends, trend)


def without_trend(trends: Sequence[Trend], trend_id: str) -> tuple[Trend, ...]:
    """The trends without one. Raises NotFoundError when it is not among them."""
    gone = found(trends, trend_id)
    return tuple(one for one in trends if one is not gone)


def _filter_problem(given: Filter) -> str | None:
    if not given or not all(given.values()):
        return "must name at least one property, each with a value"
    if len(given) > MAX_FILTERED:
        return f"may name at most {MAX_FILTERED} properties"
    if named := sorted(IDENTIFYING & set(given)):
        return f"must not name {', '.join(named)}: that names people and accounts, not segments"
    if any(not name.strip() or len(name) > MAX_PROPERTY_NAME for name in given):
        return f"has a property whose name is empty or longer than {MAX_PROPERTY_NAME} characters"
    if any(not value for values in given.values() for value in values):
        return "has an empty value"
    if sum(len(name) + sum(map(len, values)) for name, values in given.items()) > MAX_FILTER:
        return f"is too long (at most {MAX_FILTER} characters in all)"
    return None
