"""What comes from outside, in calls and in files, checked. The one place that loads pydantic."""
