"""The `oet` command line: over REST and Server-Sent Events only, like any other program; it imports nothing of the server.

`main` the commands and their options · `trials` what they do · `server` requests, with every refusal in words · `following` events as
they happen · `words` events as people read them.
"""
