"""The hosted pages on an address of this machine: the functions behind HTTP, on an installation in memory."""

import base64
import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from functions.desk import handler as desk
from functions.page import handler as page
from shared.domain.links import Purpose
from shared.domain.project import Project
from shared.domain.requests import SurveyRequest
from shared.store import projects
from tests.fakes.caches import forget
from tests.fakes.world import DAY, World, http_event

PROJECTS = Path(__file__).parents[2] / "samples" / "projects"
REQUEST = "p1-1"

_OWN = {
    "ltr": {
        "project": "haldora",
        "person": "Wilhelmina Featherstonehaugh-Achterberg",
        "email": "wilhelmina.featherstonehaugh-achterberg@cardiology.long-name-of-a-clinic.example.org",
        "account": "Long Name of a Clinic and Day Surgery Centre, Northern Campus",
        "owner": "Desmond Achterveld",
        "comment": "Refills take four clicks where one was enough.\nAnd nobody called back: "
        "https://tickets.example.com/a/very/long/address/that/no/line/can/hold/without/breaking/it",
        "button": "Write a review",
    },
    "rtl": {
        "project": "nadwar",
        "person": "نورة المثال",
        "email": "noura@example.org",
        "account": "عيادة المثال",
        "owner": "خدمة عملاء ندوار",
        "comment": "النظام بطيء جدا عند الطباعة، ولم يتصل بنا أحد.",
        "button": "اكتب تقييما",
    },
}
DIRECTIONS = tuple(_OWN)

# What the smallest of the samples leaves out, so that its pages show everything too.
_MORE: dict[str, dict[str, Any]] = {
    "haldora": {
        "questions": [{"id": "wish", "type": "free_response", "text": "What comes next?", "show_for": ["detractor"]}],
    },
    "nadwar": {
        "brand": {"postal_address": "ندوار، شارع المثال 1، الرياض", "privacy_url": "https://nadwar.example.net/privacy"},
        "questions": [
            {"id": "speed", "type": "scale", "text": "ما سرعة النظام؟", "low_label": "بطيء جدا",
             "high_label": "سريع جدا"},
            {"id": "used", "type": "select_many", "text": "ماذا تستخدم كل يوم؟",
             "options": [{"id": "a", "text": "السجلات"}, {"id": "b", "text": "الأوامر والنتائج"}]},
            {"id": "role", "type": "select_one", "text": "ما عملك؟", "demographic": True,
             "options": [{"id": "a", "text": "تمريض"}, {"id": "b", "text": "طب"}]},
        ],
        "opt_in": {
            "enabled": True,
            "consent": "يجوز لندوار أن ترسل إلي استبيانا قصيرا من حين إلى آخر.\nيمكنني إيقاف ذلك متى شئت.",
        },
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that came: its method, its path with the query, and the browser's headers, by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True, repr=False)
class Site:
    """A project with one person who was asked, and the addresses of what they and others may open."""

    world: World
    direction: str
    origin: str = ""
    visits: list[Visit] = field(default_factory=list)

    def __post_init__(self) -> None:
        project = self.change()
        properties = {
            "account_id": "a1", "account_name": self.said["account"], "renewal_date": "2026-06-30", "arr": "48000",
            "owner_email": "owner@example.com", "owner_name": self.said["owner"], "plan": "Enterprise",
            "thank_you_link_url": "https://reviews.example.com/write", "thank_you_link_text": self.said["button"],
        }  # fmt: skip
        self.world.active(project=project.id, name=self.said["person"], email=self.said["email"], properties=properties)
        self.world.now += 3600

    @property
    def said(self) -> Mapping[str, str]:
        """The person's name, words and so on, in the direction's own script."""
        return _OWN[self.direction]

    def change(self, **more: Any) -> Project:
        """Saves the sample project, and lets the functions find it; `more` is added to its settings."""
        name = self.said["project"]
        settings = tomllib.loads((PROJECTS / f"{name}.toml").read_text(encoding="utf-8"))
        for own in (_MORE[name], more):
            for setting, value in own.items():
                match value:
                    case dict():
                        settings[setting] = settings.get(setting, {}) | value
                    case list():
                        settings[setting] = settings.get(setting, []) + value
                    case _:
                        settings[setting] = value
        forget()
        return projects.save(json.loads(json.dumps(settings, default=str)), now=self.world.now - 365 * DAY)

    def request(self) -> SurveyRequest:
        return self.world.stored(SurveyRequest, REQUEST)

    def survey(self, query: str = "") -> str:
        return f"{self.origin}/r/{self.world.link(Purpose.SURVEY, REQUEST)}{query}"

    def stop(self) -> str:
        return f"{self.origin}/u/{self.world.link(Purpose.UNSUBSCRIBE, REQUEST)}"

    def join(self) -> str:
        return f"{self.origin}/join/{self.said['project']}"

    def confirmation(self, opt_in: str) -> str:
        return f"{self.origin}/j/{self.world.link(Purpose.JOIN, opt_in)}"

    def case(self) -> str:
        (case,) = self.world.items("case")
        return f"{self.origin}/c/{self.world.link(Purpose.CASE, case['id'])}"


@contextmanager
def serve(world: World, direction: str) -> Iterator[Site]:
    """Serves the pages until the block ends. Functions run one at a time, as their memory is one."""
    site, turn = Site(world, direction), Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            visit = Visit(self.command, self.path, headers)
            path, _, query = self.path.partition("?")
            event = http_event(self.command, path, query=query, headers=headers, body=body.decode() or None)
            with turn:
                answer = (desk if path.startswith(("/c/", "/m/")) else page).handle(event, world.context)
            # Who sees the visit finds what came of it.
            site.visits.append(visit)
            self.reply(answer)

        def reply(self, answer: Mapping[str, Any]) -> None:
            text: str = answer.get("body") or ""
            sent = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(sent)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.origin = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
