"""The people who work here, as the admin knows them: accounts, second factors and how long a log-in lasts."""
