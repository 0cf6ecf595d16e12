"""The CDK constructs of Hearback; `stack.py` puts them together."""
