"""How many bytes the one question takes on its way, beside what others load for theirs."""

import base64

PEERS = {"PostHog": 170_716, "Formbricks": 279_473, "SurveyJS": 414_997, "django-form-surveys": 428_928}
"""Measured on one machine: everything that is loaded to show one question, gzip -9."""
LOADER = ("Typeform's loader alone", 14_640)


def sent(body: str) -> int:
    """The bytes of a page as the function sends it to a browser; it loads nothing more."""
    return len(base64.b64decode(body, validate=True))
