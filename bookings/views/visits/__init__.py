"""The client's own pages: one visit, opened by an emailed link, or all visits of an email address."""
