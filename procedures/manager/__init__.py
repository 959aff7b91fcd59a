"""The ProcessManager: joins the supervision of script processes to the database.

The process: `process_manager` its tasks, how it ends · `settings` its values · `context` what its parts share · `database` the one
thread that writes, many changes in one transaction · `waking` bells · `heartbeat` what the node says of itself · `companions` who
works beside it
Commands: `inbox` those that are queued · `foreign_changes` whether to look · `dispatch` which goes where · `preparing`, `starting`,
`stopping`, `aborting`, `steering`, `looking` carrying them out · `preparation` what is to be prepared · `preparing_git`,
`git_records`, `environment_desk` scripts from git · `spawning` the process
Procedures: `live` one that is not final · `adopting` picking up what a predecessor left · `following` reading on in run directories ·
`news` what journal records mean · `texts` making scripts' words storable · `sayings` what scripts say · `output` what they print ·
`hearing` what they hear · `deadlines` their time · `ending` the final transition · `losses`, `emergencies` ends that nobody saw ·
`idle_launchers`
"""
