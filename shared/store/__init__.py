"""What is kept, and under which conditions it is written."""
