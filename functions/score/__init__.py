"""Counts every answer exactly once."""
