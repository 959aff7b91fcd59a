"""What the ProcessManager of a node does for trials, beside its procedures.

`desk` what is due, and when · `inbox` what is asked · `dispatching` which trials the node takes · `setting_up` from dispatching to
executing, `beginning` in the database · `working_directories`, `ports`, `templates`, `commits` what a trial is given
"""
