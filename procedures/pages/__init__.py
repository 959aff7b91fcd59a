"""The pages: what operators see and press.

`urls` addresses · `entrance` log in, log out, theme · `dashboard` Now · `recent` what has ended, narrowed · `usual` how long scripts
take · `prepare` scripts and their arguments · `draft` a script that is being filled in · `prospect` what preparing it would mean ·
`procedure` one procedure · `action_list` its actions · `trace` the frames of a failure · `stack` what it does now · `published` its
events · `logged` its log · `attached` its attachments and answered questions · `stop_report` how a stop went · `commands` start and
stop · `steering` pause, resume and answer · `questions` those that wait · `health` whether everything is there · `environments` those
of git scripts · `overrides` decisions of the operators · `rail` these and the night, beside Now · `messages` sending events ·
`volume` how much was printed when · `said` how far a script is, in its own words ·
`history` search, and what it links to · `night` the timeline · `plots` durations and outcomes · `day_report` the
report of a day · `page` what every page needs, and how refusals are shown · `conditions` what is wrong · `rows` what lists show of a
procedure · `row_words` in which words · `fields` the form of a function's arguments · `git_fields` that of a script from git ·
`filled_in` what was entered · `timeouts` the field for one
"""
