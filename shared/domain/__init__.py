"""The rules: standard library only; no AWS, no clock, no randomness."""
