"""Addresses of the pages."""

from django.urls import path

from procedures.pages import (
    commands,
    dashboard,
    entrance,
    environments,
    health,
    history,
    messages,
    overrides,
    prepare,
    procedure,
    stack,
    steering,
    usual,
)

urlpatterns = [
    path("", dashboard.now, name="dashboard"),
    path("login/", entrance.LogIn.as_view(), name="login"),
    path("logout/", entrance.LogOut.as_view(), name="logout"),
    path("theme/", entrance.choose_theme, name="theme"),
    path("health/", health.show, name="health"),
    path("favicon.ico", entrance.icon),
    path("prepare/", prepare.prepare, name="prepare"),
    path("history/", history.history, name="history"),
    path("history/<str:on>/", history.day, name="day"),
    path("presets/<int:preset_id>/delete/", prepare.delete_preset, name="preset-delete"),
    path("environments/", environments.environments, name="environments"),
    path("environments/<int:environment_id>/", environments.environment, name="environment"),
    path("usual/", usual.usual, name="usual"),
    path("environments/<int:environment_id>/manage/", environments.manage, name="manage-environment"),
    path("overrides/", overrides.overrides, name="overrides"),
    path("overrides/<str:name>/", overrides.change, name="override-set"),
    path("events/send/", messages.send, name="event-send"),
    path("stop/", commands.stop_which, name="stop-which"),
    path("procedures/<int:procedure_id>/", procedure.show, name="procedure"),
    path("procedures/<int:procedure_id>/stack/", stack.stack, name="stack"),
    path("procedures/<int:procedure_id>/start/", commands.start, name="start"),
    path("procedures/<int:procedure_id>/pause/", steering.pause, name="pause"),
    path("procedures/<int:procedure_id>/resume/", steering.resume, name="resume"),
    path("procedures/<int:procedure_id>/questions/<int:number>/", steering.answer, name="answer"),
    path("procedures/<int:procedure_id>/stop/", commands.stop, name="stop"),
]
