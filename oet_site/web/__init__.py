"""The web process: `server` is Daphne with what an operator's console needs, `requests` refuses bodies that are too large."""
