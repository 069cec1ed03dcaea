"""Looks over an installation, whether its server runs or not, and says what is wrong and what to do about it."""

from lockhouse.doctor.clock import newest_moment
from lockhouse.doctor.examination import examine
from lockhouse.doctor.finding import Finding

__all__ = ["Finding", "examine", "newest_moment"]
