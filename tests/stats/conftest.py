"""The same examples in every run, and as long as they need: these tests promise figures, not times."""

from hypothesis import settings

settings.register_profile("stats", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("stats")
