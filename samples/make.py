"""Writes `samples/people.csv`: 400 invented people at 60 invented customers of Haldora Health.

Run `python -m samples.make`. The same sources and seed give the same bytes.
"""

import csv
import io
import random
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PEOPLE = FOLDER / "people.csv"
SEED = 2026

COLUMNS = (
    "email",
    "name",
    "locale",
    "account_id",
    "account_name",
    "plan",
    "region",
    "role",
    "specialty",
    "product",
    "renewal_date",
    "arr",
    "owner_email",
    "owner_name",
)

# Amazon SES's mailbox simulator: the only addresses here outside the reserved example domains.
SIMULATOR = (
    "bounce+1@simulator.amazonses.com",
    "bounce+2@simulator.amazonses.com",
    "complaint+1@simulator.amazonses.com",
    "suppressionlist+1@simulator.amazonses.com",
    "success+1@simulator.amazonses.com",
)

FIRST_RENEWAL = date(2026, 12, 1)
RENEWAL_DAYS = 365

_MARGUERITE = ("marguerite.oyelarin@haldora.example.com", "Marguerite Oyelarin")
_DESMOND = ("desmond.achterveld@haldora.example.com", "Desmond Achterveld")
_KATRIN = ("katrin.vogelsanger@haldora.example.com", "Katrin Vogelsänger")
_INIGO = ("inigo.larraburu@haldora.example.com", "Íñigo Larraburu")
_SAMIRA = ("samira.alkhouriya@haldora.example.com", "Samira Al-Khouriya")
_TEO = ("teo.wairangi@haldora.example.com", "Teo Wairangi")

_OWNERS = {
    "North America": (_MARGUERITE, _DESMOND),
    "Europe": (_KATRIN,),
    "Latin America": (_INIGO,),
    "Middle East": (_SAMIRA,),
    "Africa": (_SAMIRA,),
    "Asia Pacific": (_TEO,),
}

# Annual revenue in dollars: what a plan costs at least, and what each person known there stands for.
_ARR = {"Starter": (6_000, 3_500), "Professional": (28_000, 11_000), "Enterprise": (140_000, 38_000)}

_CLINICAL = {"Physician": 30, "Nurse": 30, "Practice manager": 12, "IT administrator": 10, "Billing specialist": 10}
_ROLES: dict[str, dict[str, int]] = {
    "hospital": {"Physician": 28, "Nurse": 34, "IT administrator": 14, "Billing specialist": 9, "Executive": 8},
    "clinic": {**_CLINICAL, "Executive": 3},
    "rehabilitation": {**_CLINICAL, "Executive": 4},
    "imaging": {"Technician": 42, "Physician": 30, "IT administrator": 12, "Practice manager": 9, "Executive": 4},
    "lab": {"Technician": 55, "Physician": 12, "IT administrator": 14, "Billing specialist": 10, "Executive": 5},
    "insurer": {"Billing specialist": 50, "IT administrator": 25, "Physician": 10, "Executive": 12},
    "home care": {"Nurse": 60, "Practice manager": 16, "IT administrator": 8, "Billing specialist": 10},
}
_CLINICAL_ROLES = frozenset({"Physician", "Nurse", "Technician"})

_SPECIALTIES: dict[str, dict[str, int]] = {
    "hospital": {
        "Internal medicine": 26,
        "Emergency medicine": 20,
        "Surgery": 15,
        "Pediatrics": 12,
        "Cardiology": 10,
        "Oncology": 8,
        "Radiology": 6,
        "Psychiatry": 3,
    },
    "clinic": {"Family medicine": 55, "Pediatrics": 14, "Cardiology": 12, "Oncology": 10, "Psychiatry": 6},
    "rehabilitation": {"Rehabilitation": 85, "Psychiatry": 15},
    "imaging": {"Radiology": 95, "Cardiology": 5},
    "lab": {"Pathology": 100},
    "insurer": {"Family medicine": 100},
    "home care": {"Home nursing": 80, "Rehabilitation": 20},
}

_PRODUCTS: dict[str, dict[str, int]] = {
    "hospital": {"Haldora Chart": 76, "Haldora Imaging": 12, "Haldora Lab": 12},
    "clinic": {"Haldora Chart": 92, "Haldora Lab": 8},
    "rehabilitation": {"Haldora Chart": 100},
    "imaging": {"Haldora Imaging": 78, "Haldora Chart": 22},
    "lab": {"Haldora Lab": 80, "Haldora Chart": 20},
    "insurer": {"Haldora Billing": 75, "Haldora Chart": 25},
    "home care": {"Haldora Chart": 100},
}

# How a customer's mail system names its mailboxes.
_LOCALS = (
    "{given}.{family}",
    "{given}.{family}",
    "{initial}{family}",
    "{family}.{given}",
    "{given}_{family}",
    "{given}",
)

_ASCII = str.maketrans(
    {
        "ß": "ss", "ẞ": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "œ": "oe", "ø": "oe", "å": "aa",
        "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)  # fmt: skip


def people() -> list[dict[str, str]]:
    """The rows of `people.csv`: one dict a person with the columns of COLUMNS, in the order of the accounts."""
    rng = random.Random(SEED)
    names = tomllib.loads((FOLDER / "sources" / "names.toml").read_text(encoding="utf-8"))
    rows: list[dict[str, str]] = []
    taken: set[str] = set()
    for account in _accounts(rng):
        style = rng.choice(_LOCALS)
        for entry in account["people"].split():
            locale, count = entry.split(":")
            for _ in range(int(count)):
                name, local = _new_name(rng, names, taken, locale=locale, region=account["region"], style=style)
                rows.append({**_person(rng, account), "name": name, "locale": locale, "email": local})
    _give_hard_names(rng, rows, names["hard"])
    _give_addresses(rows)
    _give_simulator_addresses(rng, rows)
    return [{column: row[column] for column in COLUMNS} for row in rows]


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """The rows as CSV text with a header and bare line feeds."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_people(path: Path = PEOPLE) -> list[dict[str, str]]:
    """The people of a CSV file such as this module writes."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Write `samples/people.csv` anew."""
    PEOPLE.write_bytes(as_csv(people()).encode())


def _accounts(rng: random.Random) -> list[dict[str, str]]:
    """The accounts with what all their people share: owner, revenue, renewal date."""
    accounts = read_people(FOLDER / "sources" / "accounts.csv")
    places = list(range(len(accounts)))
    rng.shuffle(places)
    seen: dict[str, int] = {}
    for account, place in zip(accounts, places, strict=True):
        region = account["region"]
        turn = seen.get(region, 0)
        seen[region] = turn + 1
        owners = (_INIGO,) if account["people"].startswith("es:") else _OWNERS[region]
        account["owner_email"], account["owner_name"] = owners[turn % len(owners)]
        base, each = _ARR[account["plan"]]
        size = sum(int(entry.partition(":")[2]) for entry in account["people"].split())
        account["arr"] = str(100 * round((base + each * size) * rng.uniform(0.75, 1.4) / 100))
        days = (place * RENEWAL_DAYS + rng.randrange(RENEWAL_DAYS)) // len(accounts)
        account["renewal_date"] = (FIRST_RENEWAL + timedelta(days=days)).isoformat()
    return accounts


def _person(rng: random.Random, account: Mapping[str, str]) -> dict[str, str]:
    kind = account["kind"]
    role = _pick(rng, _ROLES[kind])
    specialty = _pick(rng, _SPECIALTIES[kind]) if role in _CLINICAL_ROLES else "Administration"
    product = "Haldora Billing" if role == "Billing specialist" else _pick(rng, _PRODUCTS[kind])
    return {**account, "role": role, "specialty": specialty, "product": product}


def _new_name(
    rng: random.Random, names: Mapping[str, Any], taken: set[str], *, locale: str, region: str, style: str
) -> tuple[str, str]:
    """A name that nobody has yet, and the part of the mail address before the @."""
    while True:
        pool = names["pools"][_pick(rng, names["mix"][region if locale == "en" else locale])]
        given, given_latin = _spellings(rng.choice(pool["given"]))
        family, family_latin = _spellings(rng.choice(pool["family"]))
        name = pool.get("order", "{given} {family}").format(given=given, family=family)
        if name not in taken:
            taken.add(name)
            return name, style.format(given=given_latin, family=family_latin, initial=given_latin[0])


def _spellings(entry: str) -> tuple[str, str]:
    """A name as it is written, and in plain lower-case ASCII for an address."""
    name, _, latin = entry.partition("|")
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", (latin or name)).lower().translate(_ASCII))
    kept = "".join(c for c in plain.replace(" ", "-") if c.isascii() and (c.isalnum() or c in "-'"))
    return unicodedata.normalize("NFC", name), kept.strip("-'")


def _give_hard_names(rng: random.Random, rows: list[dict[str, str]], hard: Sequence[Mapping[str, str]]) -> None:
    left = list(rows)
    for entry in hard:
        row = rng.choice([row for row in left if row["locale"] == entry["locale"]])
        left.remove(row)
        row["name"], row["email"] = unicodedata.normalize("NFC", entry["name"]), entry["local"]


def _give_addresses(rows: Sequence[dict[str, str]]) -> None:
    """Complete the addresses; a second person of one spelling at an account gets a number."""
    taken: dict[str, int] = {}
    for row in rows:
        at = f"@{row['account_id']}.{row['domain']}"
        spelling = (row["email"] + at).lower()
        taken[spelling] = taken.get(spelling, 0) + 1
        row["email"] += (str(taken[spelling]) if taken[spelling] > 1 else "") + at


def _give_simulator_addresses(rng: random.Random, rows: Sequence[dict[str, str]]) -> None:
    for row, address in zip(rng.sample(rows, len(SIMULATOR)), SIMULATOR, strict=True):
        row["email"] = address


def _pick(rng: random.Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


if __name__ == "__main__":
    main()
