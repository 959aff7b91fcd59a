"""The heart of OET: what a Procedure is, how it is run, recorded and shown.

Rules and tables
    `domain`            rules without a framework
    `models`            the tables

Recording
    `recorder`          the one place that moves a Procedure · `moves` what a transition changes and tells · `claims` exclusive resources
    `searched`          the words by which procedures are found · `statements` SQL that is composed once ·
    `tasks`, `pruning` forgetting events

Asking for something
    `service`           prepare, start, stop · `nodes` who takes it · `draining` · `presets` arguments kept under a name
    `steering`          pause, resume, answers · `overrides`, `messages` what operators decide and send · `looking` what a script does now
    `commanding`        a command and the wait for its answer · `replies` how a request waits for it
    `environments`, `environment_news`, `git_browser`, `git_scripts`, `script_files`    where scripts come from

Finding
    `selectors` procedures · `audit` commands · `output`, `output_search`, `output_volume` · `sayings` · `happenings` what was published ·
    `search` all of them
    `nights`, `outcomes`, `usual`    what ran in a night, how scripts end, how long they take
    `keyset` pages of long lists · `narrowing` by which of several filters they are read
    `logins`            who a token or session is · `guesses` wrong passwords, counted

News
    `bells`, `notify_bell`    that there is some · `feed` the event log for any number of clients
    `threads`           threads that ask the database, of the web process and of the manager

Processes
    `supervision`       processes and run directories, without Django
    `manager`           the ProcessManager

Entrances
    `rest` · `consumers`, `routing` the websocket · `pages` · `admin` · `words`, `json_text` how times and values are written
"""
