"""The world: AWS services, the clock, names."""
