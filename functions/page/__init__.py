"""The hosted page on which people answer, and unsubscribe."""
