"""The tests: `unit`, `integration`, `acceptance`, `browser`; each mirrors the modules it tests.

`home` the folder a run works in · `postgres` runs pytest on PostgreSQL · `product` OET started as its users start it ·
`needs` installs the programs that the tests use · `waiting` waits for something with a deadline.
"""
