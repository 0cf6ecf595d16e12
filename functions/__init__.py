"""One folder a Lambda function; `handler.handle` is its only entry."""
