"""Whatever people write stays text: it adds no element, no attribute, no header and no template."""

import pytest

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea></title></style><svg/onload=alert(1)>",
    "<!-- --><iframe srcdoc='<b>'>",
    "{{ 7 * 7 }}{% include 'mails/base.html' %}",
    "%(secret)s %s %d %",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "=cmd|'/c calc'!A1",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{POP DIRECTIONAL FORMATTING}",
    "<![endif]--><b>mso</b><!--[if mso]>",
    "مرحبا 你好 🙂 ‍",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_no_element_and_no_attribute(text, rendered_with, see):
    plain, hostile = rendered_with("plain"), rendered_with(text)

    for name in plain:
        assert see(hostile[name]).structure == see(plain[name]).structure, name


@pytest.mark.parametrize("text", HOSTILE)
def test_a_comment_is_shown_as_it_was_written(text, rendered_with, see):
    shown = rendered_with(text)

    for name in ("page survey", "page case", "mail alert", "report"):
        assert text in see(shown[name]).words, name


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_leads_nowhere(text, rendered_with, see):
    for name, html in rendered_with(text).items():
        for tag, attributes in see(html).elements:
            assert not any(attribute.startswith("on") for attribute in attributes), (name, tag)
            for attribute in ("href", "src", "action"):
                assert not attributes.get(attribute, "").lower().startswith(("javascript:", "data:")), (name, tag)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\0"])
def test_no_name_or_text_adds_a_header(end, messages_with):
    for name, message in messages_with(f"Mirandel{end}Bcc: all@example.net").items():
        assert len(message.subject.splitlines()) == 1, name
        assert all(ord(c) >= 32 for c in message.subject), name
        assert len(message.subject) <= 200


def test_a_subject_does_not_turn_its_reading_direction(messages_with):
    for message in messages_with("\u202egnp.exe\u2066").values():
        assert not set(message.subject) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_what_utf_8_cannot_carry_does_not_stop_a_mail_or_a_page(rendered_with, messages_with):
    for html in rendered_with("half a pair \ud83d").values():
        html.encode()
    for message in messages_with("half a pair \ud83d").values():
        (message.subject + message.text).encode()


def test_text_parts_escape_nothing(messages_with):
    for name, message in messages_with("Fish & Chips <\"'>").items():
        assert "Fish & Chips <\"'>" in message.text, name
        assert "&amp;" not in message.text
