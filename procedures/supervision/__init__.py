"""Supervision of script processes: turns run directories into facts and decisions into signals. Knows asyncio, and no Django.

`run_directories` making, looking at and removing run directories · `story` what a journal has told so far · `launchers` starting and
finding launchers · `launcher_link` talking to one · `control` talking to a ScriptWorker · `script_process` one script process ·
`stop_ladder` ending one, for certain · `direct_kill` without its launcher · `looking` what it does now ·
`usage` what it takes of the machine · `sole_manager` the lock that keeps a second manager out.
"""
