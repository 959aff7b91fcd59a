"""What is left out of logs."""

import logging


class WithoutTraceback(logging.Filter):
    """For records whose message says all: a client is at fault, and our own lines would only bury what others say."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it through, without its traceback."""
        record.exc_info = record.exc_text = None
        return True
