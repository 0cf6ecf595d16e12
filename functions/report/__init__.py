"""Builds the monthly report and mails it."""
