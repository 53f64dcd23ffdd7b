"""Failures have names, each saying what happens next."""


class PageChanged(Exception):
    """The page is not what the spider reads: the run fails, evidence is kept, nothing is withdrawn."""


class FetchFailed(Exception):
    """The network or the server did not give the page: the run fails; `retry_after_s` is the server's own wish."""

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
