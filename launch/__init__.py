"""The commands of `run.py`: install, start, watch and stop the whole site, or run its tests.

Only the standard library is imported here: these modules work before anything has been installed. They stand
beside the project package rather than in it because importing `massagerx` needs Celery. Tests start the site
with the same functions.
"""
