"""The only function that mails."""
