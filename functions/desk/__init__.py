"""Where account owners and managers act: case pages and report links."""
