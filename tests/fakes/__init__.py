"""Stand-ins for AWS services: the operations that are used, with the service's own answers and refusals."""
