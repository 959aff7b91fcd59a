"""Git commits and the virtual environments built for them.

`manager` the entrance · `domain` rules · `git` repositories and the files of commits · `models` the tables · `transitions`, `uses`,
`builds`, `log` the only writers of each · `selectors` finding · `hooks` who is told
Building: `tasks` for Celery · `queues` theirs · `builder` one build · `vital_signs` whether its builder lives · `project_files` what
a commit asks for · `interpreters`, `system_packages` what is there · `installing` uv · `running`, `guard` programs that end with
whoever started them
Keeping: `places` where things lie · `locks` between processes · `tidying` removing what nobody needs
"""
