"""Trials: graphs of scripts that start and end each other. `domain` holds every rule; it knows no Django, no clock and no I/O."""
