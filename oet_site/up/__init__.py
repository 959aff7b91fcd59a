"""`manage.py up`: web, processmanager and worker of one machine, started and kept running together.

`problems`     what makes a start pointless, found before anything is started
`instance`     one `up` for each OET_HOME, and what a killed predecessor left behind
`listening`    the web server's port: opened here, so that it stays open while the web process is restarted
`people`       the first start's administrator
`child`        one process: its start, its output, its end in words
`leash`        what ends the processes when `up` itself is killed
`backoff`      how long to wait before something that crashed is started again
`supervisor`   starts, restarts and ends the processes, in the order that is written there
`readiness`    when people can use it
`console`      what is printed
"""
