"""Works through the rows of an uploaded file, from wherever it is."""
