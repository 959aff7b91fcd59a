"""What OET knows, without any framework or I/O.

`states` the life of a Procedure · `scripts` what can be run · `source` what a script's text says about itself
`arguments` what it is called with · `docstrings` what they say about arguments · `encodable`, `json_values` what can be kept
`durations` times as people write them · `people` who may · `resources` what only one may hold
`messages` events between scripts and people · `overrides` decisions of operators · `search` words and what people look for
`said` what a script says about itself · `reported` what its process reports · `actions` what the harness tells, as rows · `lines` of output
`usual` how long a script usually takes · `figures` of many runs · `nights` what ran in one · `sky` how dark it was
`endings` how a process ended and what that means · `errors` what can be refused, and in which words
"""
