"""What `make bench` runs: figures that hold on any machine, because each is a count or a ratio."""
