"""Whatever people, products and companies are called, a mail's header says it, in lines that every relay passes on."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.render import mail_headers
from shared.render.words import one_line

ADDRESS = "ada@example.com"
LONG = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 50}.example.com"
ENCODED_WORD = re.compile(r"=\?utf-8\?[bq]\?[^ ?]*\?=")
HARD = (
    "",
    "Müller, Zoë",
    'Ada "The First" Example',
    "Example, Ada",
    "back\\slash",
    "=?utf-8?q?Bcc=3A?=",
    "=?utf-8?b?CkJjYzogYWxsQGV4YW1wbGUubmV0?=",
    "evil\r\nBcc: all@example.net",
    "\N{RIGHT-TO-LEFT OVERRIDE}moc",
    "مستشفى الأمل للأطفال والنساء والولادة " * 8,
    "🎉" * 200,
    "👩\u200d⚕\ufe0f" * 60,
    "x" * 200,
    f"{'x' * 60} {'y' * 60}",
    f"{'x' * 61} y",
    "a, " * 60,
    "\ud800 alone",
)
TEXTS = st.one_of(
    st.sampled_from(HARD),
    st.text(max_size=230),
    st.text(alphabet=st.characters(categories=["L", "M", "So", "P", "Zs"]), max_size=230),
    st.text(alphabet='abc ,;:"\\<>()@.[]=?_\t', max_size=230),
    st.lists(st.sampled_from(("é", "🎉", "👩\u200d⚕\ufe0f", "ا", "=?", "?=", "word", " ", "\r\n")), max_size=120).map(
        "".join
    ),
)


def sent(*fields: mail_headers.Field) -> bytes:
    """The bytes of a mail with these fields."""
    mail = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit"))
    for field in fields:
        mail[field.name] = field
    mail.set_content("Hello")
    return mail.as_bytes()


def head(raw: bytes) -> list[str]:
    """The lines of a mail's header."""
    return raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def check_lines(lines: list[str]) -> None:
    for line in lines:
        assert line.strip()
        assert "\r" not in line
        assert "\n" not in line
        words = [word for word in line.split() if "=?" in word]
        for word in words:
            assert ENCODED_WORD.fullmatch(word), line
            assert len(word) <= 75
            ((data, charset),) = decode_header(word)
            assert isinstance(data, bytes)
            data.decode(str(charset))  # no character is cut
        assert len(line) <= 76, line


@settings(max_examples=500)
@given(value=TEXTS)
def test_given_any_text_then_its_lines_are_short_and_say_the_same(value: str) -> None:
    raw = sent(mail_headers.text("Subject", value), mail_headers.mailbox("To", ADDRESS))
    lines = head(raw)
    fields = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert fields == ["Subject", "To", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    check_lines(lines)
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == one_line(value)


@settings(max_examples=500)
@given(name=TEXTS, address=st.sampled_from((ADDRESS, LONG)))
def test_given_any_name_then_there_is_one_address_with_it_and_nothing_else(name: str, address: str) -> None:
    raw = sent(mail_headers.mailbox("From", address, name), mail_headers.text("Subject", "Hello"))
    lines = head(raw)
    fields = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert fields == ["From", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    (last,) = [line for line in lines if address in line]
    assert len(last) <= 76 or last in {f" <{address}>", f"From: {address}"}
    check_lines([line for line in lines if line is not last or len(line) <= 76])
    (one,) = message_from_bytes(raw, policy=policy.default)["From"].addresses
    phrase, found = parseaddr(message_from_bytes(raw, policy=policy.compat32)["From"])
    assert (found, one.addr_spec) == (address, address)
    assert str(make_header(decode_header(phrase))) == one_line(name)


@pytest.mark.parametrize("name", ["Ada Example", "Example, Ada", 'Ada "The First" Example', "O'Neil-Smith Jr."])
def test_given_a_plain_name_then_it_stands_in_the_header_as_it_is(name: str) -> None:
    (line,) = [one for one in head(sent(mail_headers.mailbox("To", ADDRESS, name))) if one.startswith("To: ")]
    assert "=?" not in line
    assert line.endswith(f" <{ADDRESS}>")


@pytest.mark.parametrize(
    "address", ["", "ada", "a b@example.com", "a@example.com>\r\nBcc: b@example.com", "é@example.com"]
)
def test_given_what_is_no_address_then_no_field_is_made_of_it(address: str) -> None:
    with pytest.raises(ValueError, match=r"^not a mail address$"):
        mail_headers.mailbox("To", address, "Ada Example")
