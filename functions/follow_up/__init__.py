"""Opens cases, alerts owners, thanks promoters."""
