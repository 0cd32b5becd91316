"""Property tests search as long as they need: a busy machine is no failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("orderflow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("orderflow")
