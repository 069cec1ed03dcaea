"""What can go wrong in the demo, said so that a reader can act."""

__all__ = ["DemoFailed"]


class DemoFailed(Exception):
    """The journey could not be shown; the message says where it stopped and what to do."""

    code = "demo_failed"
