"""What the tests of mails, pages and the report start from."""

from collections.abc import Callable
from gettext import NullTranslations

import pytest
from rendering_samples import DAY, NOW, Seen, a_project, a_request, a_response, everything, messages, some_figures

from local.messages import extracted
from shared.domain.cases import Case, open_case
from shared.domain.figures import Figures
from shared.domain.people import Person
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.domain.responses import Response
from shared.render import mails


@pytest.fixture(scope="session")
def known_messages() -> frozenset[str]:
    """Every message that the code was found to say."""
    ids = (message.id for message in extracted() if message.id)
    return frozenset(text if isinstance(text, str) else text[0] for text in ids)


@pytest.fixture
def invented_messages() -> None:
    """For tests that say what no code says."""


@pytest.fixture(autouse=True)
def no_unknown_message(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, known_messages: frozenset[str]
) -> None:
    """A message that is said without being found in the code would stay English in every language."""
    if "invented_messages" in request.fixturenames:
        return

    def said(message: str) -> str:
        assert message in known_messages, f"{message!r} is said, but nothing marks it: see msgid in words.py"
        return message

    monkeypatch.setattr(NullTranslations, "gettext", lambda _, message: said(message))
    monkeypatch.setattr(NullTranslations, "ngettext", lambda _, one, many, n: said(one) if n == 1 else many)


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
