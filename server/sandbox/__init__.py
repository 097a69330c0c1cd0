"""Stand-ins for the world outside, for trying and for tests; none of them starts in production mode.

The rule: a stand-in behaves as the real service is described, knows nothing of the house, and is reached over the
network like the real one, so that the same client speaks to both.
"""
