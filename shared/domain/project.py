"""A project: one survey programme, and everything about it that a company may choose."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from zoneinfo import ZoneInfo

from shared.domain.locales import localised
from shared.domain.questions import Question
from shared.domain.themes import Theme

DAY = 86_400

MAX_DIMENSIONS = 8
MAX_DIMENSION_VALUES = 200
MAX_REMINDERS = 5

IDENTIFYING = frozenset({"account_id", "account_name", "owner_email", "owner_name", "email", "name"})
"""Properties that no project counts by."""


@dataclass(frozen=True, slots=True)
class Brand:
    """How the project looks: the company's name, one accent colour `#rrggbb`, a logo's https URL."""

    name: str
    color: str = "#1f5fbf"
    logo_url: str = ""
    postal_address: str = ""
    privacy_url: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails come from; `email` must be verified with SES."""

    email: str
    name: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone at the company who gets alerts or reports."""

    email: str
    name: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """The project's own words; an empty one means Hearback's default in the person's language."""

    product: str = ""
    subject: str = ""
    intro: str = ""
    thank_you_message: str = ""
    thank_you_link_text: str = ""
    thank_you_link_url: str = ""


LANGUAGE_BOUND = ("product", "subject", "intro", "thank_you_message", "thank_you_link_text")
"""The texts that a project may have in several languages."""


@dataclass(frozen=True, slots=True)
class FollowUpQuestions:
    """What each category is asked after the score; an empty one means Hearback's words in the person's language."""

    promoter: str = ""
    passive: str = ""
    detractor: str = ""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """When the company works: `days` are ISO weekdays (1 is Monday), `country` names the holidays."""

    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    start: time = time(9)
    end: time = time(17)
    country: str = ""
    subdivision: str = ""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """When survey mail may go out, in the project's time zone: `days` are ISO weekdays."""

    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    start: time = time(9)
    end: time = time(17)


@dataclass(frozen=True, slots=True)
class Autopilot:
    """Whether members are asked again and again, and how many days lie between two surveys."""

    active: bool = False
    frequency_days: int = 90


@dataclass(frozen=True, slots=True)
class OptInTerms:
    """On which terms anybody may ask for surveys: the text that they agree to, and how many may ask in an hour.

    `consent` is in the language of the project's `locale`.
    """

    enabled: bool = False
    consent: str = ""
    consent_by_language: Mapping[str, str] = field(default_factory=dict)
    hourly_limit: int = 100

    def versions(self) -> dict[str, str]:
        """Every text that people may agree to now, by its version."""
        return {consent_version(text): text for text in (self.consent, *self.consent_by_language.values()) if text}


def consent_version(text: str) -> str:
    """The name of a text that people agree to: whoever changes a letter of it makes another."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Project:
    """One survey programme. Durations are in days where not said otherwise; one that is not `open` asks nobody."""

    id: str
    name: str
    brand: Brand
    sender: Sender
    owner: Contact
    managers: tuple[Contact, ...] = ()
    texts: Texts = Texts()
    texts_by_language: Mapping[str, Texts] = field(default_factory=dict)
    follow_up: FollowUpQuestions = FollowUpQuestions()
    follow_up_by_language: Mapping[str, FollowUpQuestions] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    open: bool = True
    calendar: BusinessCalendar = BusinessCalendar()
    send_window: SendWindow | None = None
    autopilot: Autopilot = Autopilot()
    locale: str = "en"
    time_zone: str = "UTC"
    throttle_days: int = 30
    link_days: int = 90
    case_days: int = 3
    partial_hours: int = 24
    reminder_days: tuple[int, ...] = (3, 7)
    renewal_lead_days: int = 60
    thank_promoters: bool = True
    opt_in: OptInTerms = OptInTerms()
    dimensions: tuple[str, ...] = ()
    themes: tuple[Theme, ...] = ()
    created_at: int = 0
    updated_at: int = 0
    history_at: int = 0

    def __hash__(self) -> int:
        """By name and version, so that what is made of a project can be kept as long as it stays the same."""
        return hash((self.id, self.updated_at))

    @property
    def since(self) -> int:
        """The first moment of which there may be responses: some are older than the project when they were imported."""
        return min(self.created_at, self.history_at or self.created_at)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the project's days, months and working hours are told."""
        return ZoneInfo(self.time_zone)

    def owner_of(self, properties: Mapping[str, str]) -> Contact:
        """Who answers for a person or response: the owner named in its properties, else the project's."""
        if email := properties.get("owner_email", ""):
            return Contact(email=email, name=properties.get("owner_name", ""))
        return self.owner

    @property
    def product(self) -> str:
        """What people are asked about, where no language has a name of its own for it."""
        return self.texts.product or self.brand.name

    def texts_in(self, locale: str) -> Texts:
        """The project's own words for a reader; a product always has a name.

        `texts` are in the language of the project's `locale`: a reader of another one gets the texts for theirs, and
        where there are none, Hearback's own words instead of the project's.
        """
        said = {
            name: localised(
                {tag: getattr(texts, name) for tag, texts in self.texts_by_language.items()},
                locale,
                default=getattr(self.texts, name),
                default_locale=self.locale,
            )
            for name in LANGUAGE_BOUND
        }
        said["product"] = said["product"] or self.product
        return replace(self.texts, **said)

    def consent_in(self, locale: str) -> str:
        """The text that a reader agrees to: in their language, else in the project's. Nobody agrees to no text."""
        terms = self.opt_in
        return localised(terms.consent_by_language, locale) or terms.consent

    def follow_up_in(self, which: str, locale: str) -> str:
        """What a category is asked after the score, in the project's own words for a reader; empty without any."""
        return localised(
            {tag: getattr(texts, which) for tag, texts in self.follow_up_by_language.items()},
            locale,
            default=getattr(self.follow_up, which),
            default_locale=self.locale,
        )

    def locale_of(self, email: str) -> str:
        """The locale of one of the company's own people; an empty string when it is not known."""
        return next((one.locale for one in (self.owner, *self.managers) if one.email == email), "")
