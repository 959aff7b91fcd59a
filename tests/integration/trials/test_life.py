"""Trials with a real manager and real processes."""

from tests.integration.trials.night import Night

EXAMPLE = """
max_trials: 1
scripts:
  prepare: {body: sleep 0.3}
  run-service:
    body: sleep 100
    ignore_state: true
    terminate_when: {test is over: {script_key: test, states: [aborted, defective, failed, passed, skipped]}}
  test:
    body: exit 0
    start_when:
      prepared: {script_key: prepare, states: [passed]}
      service is running: {script_key: run-service, states: [executing]}
  cleanup:
    body: exit 0
    start_when: {test done: {script_key: test, states: [aborted, defective, failed, passed, skipped]}}
"""


def test_a_service_runs_while_a_test_runs(night: Night) -> None:
    with night.manager():
        task = night.submit(EXAMPLE)
        trial = night.finished(task)
        states = {"prepare": "passed", "run-service": "aborted", "test": "passed", "cleanup": "passed"}
        assert (trial.state, night.states(trial)) == ("passed", states), trial.error
        service = night.script_of(task, "run-service")
        assert (service.reason, service.kill) == ("terminate_when", "terminate_when")
        assert service.procedure is not None
        assert (service.procedure.state, "terminate_when" in service.procedure.cause) == ("STOPPED", True)
        task.refresh_from_db()
        assert task.state == "passed"
