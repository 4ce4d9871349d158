"""The rules of the business. Operations are verbs and write, queries are nouns and read; both take `now`."""
