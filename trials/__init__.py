"""Trials: graphs of scripts that start and end each other.

`domain` every rule, without Django, a clock or I/O · `models` the tables · `creation` making tasks and trials · `specifications` what
they are made of, parsed once · `settling` carrying out what the scheduler decides · `hearing` what it hears of procedures ·
`announcing` what the event log tells · `losses` trials whose node is gone · `tasks` for Celery · `service` what can be asked for ·
`errors` what is refused · `selectors`, `graphs` finding and showing · `manager` what the ProcessManager does for them · `rest`,
`pages`, `admin` the entrances
"""
