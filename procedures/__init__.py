"""The heart of OET: what a Procedure is, how it is run, recorded and shown.

`domain` rules without a framework · `models` the tables · `recorder` the one place that moves a Procedure · `selectors` finding ·
`service` what can be asked for · `bells` and `feed` how processes hear of news · `supervision` processes and run directories,
without Django · `manager` the ProcessManager · `rest`, `consumers`, `pages`, `admin` the entrances.
"""
