"""The Django project.

`configuration` OET_… variables · `settings_in_words` the same for people · `settings`, `urls`, `asgi`, `celery`, `apps` what Django and
Celery want · `web` the web process · `up` the command that starts everything · `broker` Celery's, in files · `worker_sign` whether a
Celery worker lives · `middleware` what a page may load · `failures` answers where no view could give one ·
`admin_site` the administrator's · `logs` what logs leave out
"""
