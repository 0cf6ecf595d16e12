"""The `hearback` command: the local stack, its demonstration, and the operator's tools."""
