"""Git commits and the virtual environments built for them."""
