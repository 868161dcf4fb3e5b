"""Paging: how many rows the next page of a scan takes, so that its bytes stay bounded."""

from commonplace import limits


def next_page(rows: int, read_bytes: int) -> int:
    """Rows of the next page after one of `rows` rows that came to `read_bytes`.

    At most twice as many, and about as many as RETENTION_PAGE_BYTES would hold.
    """
    fits = rows * limits.RETENTION_PAGE_BYTES // max(read_bytes, 1)
    return max(1, min(limits.MAX_PAGE_ROWS, fits, rows * 2))
