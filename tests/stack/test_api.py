"""The API as strangers meet it: keys, mistakes, and Delighted's own client, unmodified."""

import time
import tomllib
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.stack.conftest import ROOT, Stack, hearback, key_of, survey_link

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import delighted

pytestmark = pytest.mark.stack


@pytest.fixture(scope="session")
def second_project(stack: Stack) -> str:
    file = ROOT / "samples" / "projects" / "elstergrund.toml"
    made = hearback("project", "create", file, "--state", stack.state)
    assert made.returncode == 0, made.stderr
    return str(tomllib.loads(file.read_text())["id"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.org", "delay": -1}, "delay"),
        ({"email": "a@example.org", "delay": "soon"}, "delay"),
        ({"email": "a@example.org", "nmae": "Ann"}, "nmae"),
        ({"email": "a@example.org", "name": "Ann\r\nBcc: all@example.com"}, "name"),
        ({"email": "a@example.org", "properties": [1]}, "properties"),
        ({"email": "a@example.org", "send_at": "soon"}, "send_at"),
        ({"email": "a@example.org", "email_update": "b"}, "email_update"),
    ],
)
def test_bad_input_is_a_422_that_names_the_field(stack: Stack, body: dict[str, object], field: str) -> None:
    answer = stack.call("POST", "people", json=body)
    assert answer.status_code == 422
    assert answer.json()["status"] == 422
    assert list(answer.json()["errors"]) == [field]


def test_a_call_without_a_good_key_is_a_401_with_a_body(stack: Stack) -> None:
    for headers in ({}, {"Authorization": "Basic !"}, {"Authorization": "Bearer hb_unknown"}):
        answer = requests.get(stack.contract["api_url"] + "metrics", headers=headers, timeout=30)
        assert answer.status_code == 401
        assert answer.json()["message"] == "Unauthorized"


def test_a_key_without_the_scope_is_a_403_and_a_revoked_one_a_401(stack: Stack) -> None:
    key = key_of(stack, stack.contract["project"], "read")
    assert stack.call("POST", "people", key=key, json={"email": "a@example.org"}).status_code == 403
    assert hearback("keys", "revoke", key, "--state", stack.state).returncode == 0
    assert stack.call("GET", "metrics", key=key + "x").status_code == 401
    stack.until(lambda: stack.call("GET", "metrics", key=key).status_code == 401, seconds=40)


def test_unknown_paths_and_formats_are_told_as_json(stack: Stack) -> None:
    assert stack.call("GET", "nothing").status_code == 404
    assert stack.call("GET", "survey_responses/none-such").status_code == 404
    assert stack.call("GET", "metrics", headers={"Accept": "application/xml"}).status_code == 406
    assert stack.call("GET", "metrics.json").status_code == 200


def test_a_project_sees_nothing_of_another(stack: Stack, second_project: str) -> None:
    address, key = stack.address(), key_of(stack, second_project)
    person = stack.send(address)
    assert stack.call("GET", "people", key=key, params={"email": address}).json() == []
    assert stack.call("DELETE", f"people/{person['id']}", key=key).status_code == 404
    requests.post(survey_link(stack.mail_to(address)), data={"score": "8"}, timeout=30)
    response = person["survey_request"]["id"]
    assert stack.call("GET", f"survey_responses/{response}").json()["score"] == 8
    assert stack.call("GET", f"survey_responses/{response}", key=key).status_code == 404
    assert stack.call("GET", "metrics", key=key).json()["response_count"] == 0


@pytest.fixture
def client(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(delighted, "api_key", stack.contract["api_key"])
    monkeypatch.setattr(delighted, "api_base_url", stack.contract["api_url"])
    monkeypatch.setattr(delighted, "shared_client", None)
    return stack.address()


def test_delighteds_python_client_sends_lists_and_reads(stack: Stack, client: str) -> None:
    # given a person made with Delighted's client
    person = delighted.Person.create(
        email=client, name="Ann Example", delay=0, properties={"plan": "Gold", "question_product_name": "Haldora Lab"}
    )
    assert person.email == client
    assert person.survey_request["status"] == "scheduled"
    assert person.properties == {"plan": "Gold"}
    again = delighted.Person.create(email=client)
    assert again.survey_request["status"] == "throttled"
    assert again.survey_request["next_eligible_at"] > 0

    # when they answer
    mail = stack.mail_to(client)
    assert "Haldora Lab" in mail.subject
    requests.post(survey_link(mail), data={"score": "9", "comment": "Good people"}, timeout=30)

    # then the client reads the response, expanded or not, and the metrics
    plain = delighted.SurveyResponse.all(person_email=client, order="desc")
    assert [(r.score, r.comment, r["person"]) for r in plain] == [(9, "Good people", person.id)]
    expanded = delighted.SurveyResponse.retrieve(plain[0].id, expand=["person"])
    assert expanded["person"].email == client
    stack.until(lambda: delighted.Metrics.retrieve().response_count or None)
    stack.send(stack.address())
    listed = delighted.Person.list(per_page=1)
    people = {p.email for p in listed.auto_paging_iter()}
    assert client in people
    assert len(people) > 1


def test_delighteds_python_client_unsubscribes_cancels_and_deletes(stack: Stack, client: str) -> None:
    delighted.Person.create(email=client, delay=3600)
    assert delighted.SurveyRequest.delete_pending(person_email=client) == {"ok": True}
    assert delighted.Person.create(email=client, delay=3600).survey_request["status"] == "scheduled"
    assert delighted.Unsubscribe.create(person_email=client) == {"ok": True}
    refused = delighted.Person.create(email=client).survey_request
    assert (refused["status"], refused["reason"]) == ("suppressed", "unsubscribed")
    assert delighted.Person.delete(email=client) == {"ok": True}
    assert stack.call("GET", "people", params={"email": client}).json() == []
    survived = delighted.Person.create(email=client).survey_request
    assert (survived["status"], survived["reason"]) == ("suppressed", "unsubscribed")


def test_delighteds_python_client_enters_and_corrects_a_response(stack: Stack, client: str) -> None:
    # given an answer from elsewhere, entered with Delighted's client
    person = delighted.Person.create(email=client, send=False)
    long_ago = int(time.time()) - 3 * 86_400
    made = delighted.SurveyResponse.create(
        person=person.id, score=3, comment="slow", person_properties={"plan": "Gold"}, created_at=long_ago
    )
    assert (made.id.startswith(person.id), made.score, made.created_at) == (True, 3, long_ago)

    # when it is read with its person, changed and saved
    read = delighted.SurveyResponse.retrieve(made.id, expand=["person"])
    read.score, read.comment, read.tags = 9, "not so slow", ["billing"]
    saved = read.save()

    # then it is the same response in a new version, and the counters follow
    assert (saved.id, saved.score, saved.comment, saved.tags) == (made.id, 9, "not so slow", ["billing"])
    assert saved["person"] == person.id
    assert delighted.SurveyResponse.retrieve(made.id).score == 9
    day = {"since": long_ago, "until": long_ago}
    stack.until(lambda: delighted.Metrics.retrieve(**day).promoter_count == 1)
    assert delighted.Metrics.retrieve(**day).detractor_count == 0
    audited = hearback("audit", "--state", stack.state)
    assert audited.returncode == 0, audited.stdout
    with pytest.raises(delighted.errors.ResourceValidationError):
        delighted.SurveyResponse.create(person=person.id, score=11)


def test_delighteds_python_client_raises_its_own_errors(stack: Stack, client: str) -> None:
    with pytest.raises(delighted.errors.ResourceValidationError):
        delighted.Person.create(email="nobody")
    delighted.shared_client.api_key = "wrong"
    with pytest.raises(delighted.errors.AuthenticationError):
        delighted.Metrics.retrieve()


def test_many_calls_at_once_for_one_person_make_one_survey(stack: Stack) -> None:
    address = stack.address()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: stack.call("POST", "people", json={"email": address}), range(60)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    statuses = Counter(a.json()["survey_request"]["status"] for a in answers if a.status_code == 201)
    assert statuses["scheduled"] == 1
    assert statuses["throttled"] >= 50
    stack.mail_to(address)
    assert len(stack.inbox.to(address)) == 1


def test_a_form_and_json_are_the_same_call(stack: Stack) -> None:
    form = {"email": stack.address(), "send": "false", "properties[plan]": "Gold", "delay": "60"}
    answer = stack.call("POST", "people.json", data=form)
    assert answer.status_code == 201
    assert answer.json()["properties"] == {"plan": "Gold"}
    assert answer.json()["survey_request"]["status"] == "not_requested"
