"""Each minute, hands on what is due."""
