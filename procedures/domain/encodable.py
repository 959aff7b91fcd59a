"""Text that can be stored and sent: JSON may hold half of a surrogate pair, UTF-8 may not."""


def is_encodable(text: str) -> bool:
    """Whether it is valid Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
