"""The event feed: one reader per web process tails the event log, and any number of clients reads what it has read.

`encoded` an event as all clients get it, and which of them a client wants · `ring` the latest events in memory
`reader` the thread that tails the log · `cursor` how one client reads on
"""
