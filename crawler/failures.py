"""Failures have names, each saying what happens next."""


class PageChanged(Exception):
    """The page is not what the spider reads: the run fails, evidence is kept, nothing is withdrawn."""


class FetchFailed(Exception):
    """The network or the server did not give the page: the run fails; `retry_after_s` is the server's own wish."""

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class KeyMissing(FetchFailed):
    """The source answers only to those who have a key, and none is set: the run fails, and nothing was asked."""


class KeyRefused(FetchFailed):
    """The source does not take our key: the run fails until another one is set."""


class BudgetSpent(FetchFailed):
    """The source has had all the requests that it may cost its host on one day: the run fails, and the source is left
    alone until the next day of UTC."""
