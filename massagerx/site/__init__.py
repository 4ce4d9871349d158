"""Pages that are made of several apps: home, contact, errors, sitemaps, the style guide."""
