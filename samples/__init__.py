"""Invented customers, people, answers and projects, for the demo and for tests."""
