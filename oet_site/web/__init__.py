"""The web process.

`server` Daphne, with what an operator's console needs · `requests` refuses bodies that are too large · `flow` back pressure
`handler` Django behind it, in threads (`procedures.threads`)
"""
