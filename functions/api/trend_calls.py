"""The calls for trends, and the trend that another call names."""

from functions.api import inputs, outputs
from functions.api.calls import Answer, Call, Route
from shared.domain import trends as rules
from shared.domain.errors import InvalidError
from shared.domain.project import Project
from shared.domain.trends import Trend
from shared.outside import ids
from shared.store import trends
from shared.store.api_keys import Scope


def named(project: Project, trend_id: str | None) -> Trend | None:
    """The trend that a call names, if it does. Raises InvalidError when the project has none of this id."""
    if trend_id is None:
        return None
    for one in trends.of(project.id).every:
        if one.id == trend_id:
            return one
    raise InvalidError({"trend": ["is not one of this project's trends"]})


def list_trends(call: Call[inputs.NoQuery]) -> Answer:
    """The project's trends, oldest first."""
    return Answer(_told(call.project, trends.of(call.project.id).every))


def get_trend(call: Call[inputs.NoQuery], trend_id: str) -> Answer:
    """One trend."""
    return _one(call.project, rules.found(trends.of(call.project.id).every, trend_id))


def post_trend(call: Call[inputs.TrendInput]) -> Answer:
    """Makes a trend; responses are counted in it from now on, and those before within minutes."""
    made = trends.make(call.project.id, ids.new_trend_id(), call.given.name, call.given.filter, call.now)
    return _one(call.project, made, status=201)


def put_trend(call: Call[inputs.TrendChange], trend_id: str) -> Answer:
    """Changes a trend's name or filter."""
    return _one(call.project, trends.change(call.project.id, trend_id, call.given.name, call.given.filter, call.now))


def delete_trend(call: Call[inputs.NoQuery], trend_id: str) -> Answer:
    """Removes a trend."""
    trends.remove(call.project.id, trend_id, call.now)
    return Answer({"ok": True})


def _one(project: Project, trend: Trend, *, status: int = 200) -> Answer:
    return Answer(_told(project, (trend,))[0], status=status)


def _told(project: Project, every: tuple[Trend, ...]) -> list[outputs.Shape]:
    waiting = trends.uncounted(project.id, every)
    return [outputs.trend(one, counted=one.id not in waiting) for one in every]


ROUTES = (
    Route("GET", "trends", Scope.READ, inputs.NoQuery, list_trends),
    Route("POST", "trends", Scope.ADMIN, inputs.TrendInput, post_trend),
    Route("GET", "trends/<trend_id>", Scope.READ, inputs.NoQuery, get_trend),
    Route("PUT", "trends/<trend_id>", Scope.ADMIN, inputs.TrendChange, put_trend),
    Route("DELETE", "trends/<trend_id>", Scope.ADMIN, inputs.NoQuery, delete_trend),
)
