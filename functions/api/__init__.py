"""The HTTP API that renewal workflows call."""
