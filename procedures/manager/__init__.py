"""The ProcessManager: joins the supervision of script processes to the database.

`process_manager` the process: its tasks, how it ends · `settings` its values · `context` what its parts share · `database` the one
thread that writes, many changes in one transaction · `waking` bells · `inbox` queued commands · `dispatch` which command goes where ·
`live` a procedure that is not final · `adopting` picking up what a predecessor left · `preparing`, `starting`, `stopping`, `aborting` the
commands · `following` reading on in run directories · `news` what journal records mean · `texts` making scripts' words storable · `output`
pieces of output · `ending` the final transition · `emergencies` emergency stops that were done meanwhile · `heartbeat` what the node
says of itself.
"""
