"""The pages of trials.

`urls` their addresses · `listing` all tasks and what is under way · `task` one task and its history · `trial` one trial, live ·
`editor` writing, checking and rehearsing a document · `aborting` the confirmations · `files` documents to begin with ·
`lines` trials as one line each · `shown`, `words` what templates are given.
"""
