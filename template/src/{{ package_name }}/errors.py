"""The one kind of failure that is the user's to mend."""


class ProjectError(Exception):
    """Something a person can fix: the message names the thing and the fix, and no traceback is shown."""
