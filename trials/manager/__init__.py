"""What the ProcessManager of a node does for trials, beside its procedures.

`desk` what is due, and when · `setting_up` from dispatching to executing · `working_directories`, `ports`, `templates`, `commits` what a
trial is given · `losses` trials whose node is gone.
"""
