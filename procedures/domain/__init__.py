"""What OET knows, without any framework or I/O.

`states` the life of a Procedure · `scripts` what can be run · `source` what a script's text says about itself
`arguments` what it is called with · `durations` times as people write them · `people` who may · `resources` what only one may hold
`usual` how long a script usually takes · `docstrings` what they say about arguments
`endings` how a process ended and what that means · `actions` what the harness tells, as rows
`errors` what can be refused, and in which words
"""
