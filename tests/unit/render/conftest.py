"""What the tests of mails, pages and the report start from."""

from collections.abc import Callable

import pytest
from rendering_samples import DAY, NOW, Seen, a_project, a_request, a_response, everything, messages, some_figures

from shared.domain.cases import Case, open_case
from shared.domain.figures import Figures
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.render import mails


@pytest.fixture
def see() -> Callable[[str], Seen]:
    def look(html: str) -> Seen:
        seen = Seen()
        seen.feed(html)
        seen.close()
        return seen

    return look


@pytest.fixture
def project() -> Project:
    return a_project()


@pytest.fixture
def survey_request() -> SurveyRequest:
    return a_request({"account_name": "Nordhollow Clinic"})


@pytest.fixture
def response() -> Response:
    return a_response(3)


@pytest.fixture
def person() -> Person:
    return Person("per_1", "mirandel", NOW, email="dana@example.org", name="Dana Okafor")


@pytest.fixture
def case(project: Project, response: Response) -> Case:
    return open_case("cas_1", response, project, now=NOW, due_at=NOW + 5 * DAY)


@pytest.fixture
def figures() -> Figures:
    return some_figures("x")


@pytest.fixture
def rendered_with() -> Callable[[str], dict[str, str]]:
    """Everything that is rendered as HTML, with one text wherever a person or a workflow may put text."""
    return everything


@pytest.fixture
def messages_with() -> Callable[[str], dict[str, mails.Message]]:
    """Every mail, likewise."""
    return messages
