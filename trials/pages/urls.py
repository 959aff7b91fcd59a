"""Addresses of the pages of trials."""

from django.urls import path

from trials.pages import aborting, editor, listing, task, trial

urlpatterns = [
    path("trials/", listing.trials, name="trials"),
    path("trials/<int:trial_id>/", trial.show, name="trial"),
    path("trials/<int:trial_id>/abort/", aborting.abort_trial, name="abort-trial"),
    path("tasks/new/", editor.write, name="write-task"),
    path("tasks/draft/", editor.look, name="draft"),
    path("tasks/<int:task_id>/", task.show, name="task"),
    path("tasks/<int:task_id>/run/", task.run, name="run-task"),
    path("tasks/<int:task_id>/abort/", aborting.abort_task, name="abort-task"),
]
