"""``lockhouse doctor``."""

__all__ = ["doctor"]


def doctor() -> None:
    """Look over a server and say what is wrong, with a remedy for each.

    x
    """
