"""How many bytes the one question takes on its way, beside what others load for theirs."""

import gzip

PEERS = {"PostHog": 170_716, "Formbricks": 279_473, "SurveyJS": 414_997, "django-form-surveys": 428_928}
"""Measured on one machine: everything that is loaded to show one question, gzip -9."""
LOADER = ("Typeform's loader alone", 14_640)


def compressed(html: str) -> int:
    """The bytes of a page after gzip -9; its style is inside it, and it loads nothing more."""
    return len(gzip.compress(html.encode(), 9, mtime=0))
