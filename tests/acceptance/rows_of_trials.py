"""The rows of the acceptance table of trials as documents, and all of them run by one product beside each other."""

import json
import time
from typing import Any

from tests.product import PROJECT_DIR, Product
from tests.unit.trials.domain.test_acceptance_rows import EXAMPLE, T, after

TIMEOUT_S = 60
PAUSE_S = 0.1
UNFINISHED = {"pending", "dispatching", "executing", "aborting"}
FEW = "max_trials: 1, load: 0.01"
FREE = 'exclusive_executor_resource: ""'
EXAMPLES = PROJECT_DIR / "examples"

ONE = {
    "2 passes": '{a: {body: "exit 0"}}',
    "2 fails": '{a: {body: "exit 3"}}',
    "3": '{f: {body: "exit 1", ignore_state: true}, p: {body: "exit 0"}}',
    "3 alone": '{f: {body: "exit 1", ignore_state: true}}',
    "4": f'{{s: {{body: "exit 0", start_when: {after("root")}}}}}',
    "4 ignored": f'{{s: {{body: "exit 0", ignore_state: true, start_when: {after("root")}}}}}',
    "5": f'{{root: {{}}, failing: {{body: "exit 1", ignore_state: true, start_when: {after("root")}}}, '
    f"ok: {{start_when: {after('failing', '[failed]')}}}, no: {{ignore_state: true, start_when: {after('nokey')}}}}}",
    "6": f"{{i: {{body: sleep 1}}, t: {{body: sleep 60, start_when: {after('i', '[executing]')}, terminate_when: {after('i', T)}}}}}",
    "7": f'{{m: {{body: sleep 15, timeout: "2 Seconds"}}, after: {{start_when: {after("m")}}}}}',
    "8 passes": f'{{a: {{body: sleep 1, timeout: "50 Seconds"}}, b: {{start_when: {after("a")}}}}}',
    "8 fails": f'{{a: {{body: exit 1, timeout: "50 Seconds"}}, b: {{start_when: {after("a")}}}}}',
    "9": f'{{a: {{body: "exit 0"}}, b: {{start_when: {after("a", "[failed]")}}}}}',
    "10": f"{{a: {{start_when: {after('b')}}}, b: {{start_when: {after('a')}}}}}",
    "11": f"{{a: {{}}, b: {{body: sleep 4321, start_when: {after('a')}, terminate_when: {after('a')}}}}}",
    "12": '{a: {}, b: {body: "exit 1"}, t: {body: sleep 1, terminate_when: {x: {script_key: a}, y: {script_key: b}}}}',
    "13": "{a: {start_when: {}, terminate_when: {}}}",
    "14": '{a: {body: sleep 1, exclusive_executor_resource: "14"}, b: {body: sleep 1, exclusive_executor_resource: "14"}}',
    "14 one": '{a: {body: sleep 1, exclusive_executor_resource: "14 shared"}}',
    "14 other": '{a: {body: sleep 1, exclusive_executor_resource: "14 shared"}}',
    "16": '{a: {body: sleep 60, timeout: "1 Second", exclusive_executor_resource: "16"}, '
    f'b: {{exclusive_executor_resource: "16", start_when: {after("a", "[executing]")}}}}}',
    "19": """{a: {body: 'test "$CI" = true && test "$PWD" = "$OET_WORKING_DIR" && test -n "$OET_TRIAL_ID" && test -n "$OET_TASK_ID"'}}""",
    "21 last command": '{a: {body: "false\\ntrue"}}',
    "21 set -e": '{a: {body: "set -e\\nfalse\\ntrue"}}',
    "21 python": '{a: {body: "#!/usr/bin/env python3\\nimport sys; sys.exit(4)"}}',
    "21 killed": '{a: {body: "kill -9 $$"}}',
    "21 unknown command": '{a: {body: "no-such-command-at-all"}}',
    "21 unknown interpreter": '{a: {body: "#!/no/such/program"}}',
    "22": """{a: {body: "trap '' TERM; sleep 300", timeout: "1 Second"}}""",
    "26 none": "{}",
    "28": '{a: {body: "cat; echo out; echo err >&2"}}',
    "29 passes": f'{{a: {{script: {{script_type: embedded, script_body: "def main(n): print(n)"}}, kwargs: {{n: 1}}, {FREE}}}}}',
    "29 raises": f'{{a: {{script: {{script_type: embedded, script_body: "def f(): raise ValueError(1)"}}, function: f, {FREE}}}}}',
    "29 syntax": f'{{a: {{script: {{script_type: embedded, script_body: "def f("}}, {FREE}}}}}',
    "29 no function": f'{{a: {{script: {{script_type: embedded, script_body: "x = 1"}}, {FREE}}}}}',
    "29 another function": '{a: {script: {script_type: embedded, script_body: "def init(): print(1)\\ndef f(): print(2)"}, function: f, '
    f"{FREE}}}}}",
    "29 file": f'{{a: {{script: {{script_type: filesystem, script_uri: "file://{EXAMPLES}/hello.py"}}, '
    f"init: {{kwargs: {{greet_in: Dutch}}}}, kwargs: {{name: moon, count_to: 1, pause_s: 0}}, {FREE}}}}}",
    "29 harness": f'{{a: {{script: {{script_type: filesystem, script_uri: "file://{EXAMPLES}/harness/night.py"}}, {FREE}}}}}',
    "30 free": "{" + ", ".join(
        f'{key}: {{script: {{script_type: embedded, script_body: "import time\\ndef main(): time.sleep(1)"}}, '
        'exclusive_executor_resource: ""}'
        for key in "ab"
    ) + "}",
    "30 in turn": "{" + ", ".join(
        f'{key}: {{script: {{script_type: embedded, script_body: "import time\\ndef main(): time.sleep(0.5)"}}}}' for key in "ab"
    ) + "}",
    "leaves nothing": '{a: {body: "sleep 4322 & echo $!"}}',
    "hostile key": '{"../../x; touch y": {body: "exit 0"}}',
}  # fmt: skip
WHOLE = {
    "1": EXAMPLE.replace("sleep 1}", "sleep 0.5}") + "\nmax_trials: 1\nload: 0.01\n",
    "15": f'{{{FEW}, environment_variables: {{X: "1"}}, scripts: {{a: {{body: sleep 1, exclusive_executor_resource: "r-{{{{X}}}}"}}, '
    'b: {body: sleep 1, exclusive_executor_resource: "r-{{X}}", environment_variables: {X: "2"}}}}',
    "17": f'{{{FEW}, environment_variables: {{T1: "{{{{T2}}}}", T2: "{{{{T3}}}}", T3: "7"}}, scripts: {{a: {{body: \'test "$T1" = 7\'}}, '
    'b: {template_environment_variables: false, body: \'test "$T1" = "{{T2}}"\', exclusive_executor_resource: "r-{{T1}}"}}}',
    "18": f'{{{FEW}, environment_variables: {{foo: bar, D: X}}, scripts: {{a: {{body: \'test "$foo" = bar && test -z "${{FOO:-}}"\'}}, '
    "b: {body: 'test $D = Y', environment_variables: {D: Y}}, c: {body: 'test $D = X'}, "
    "d: {body: 'test -z \"${D+set}\"', environment_variables: {D: null}}}}",
    "20": f"{{{FEW}, templates: {{t: {{src: missing.yml, dest: x.yml}}}}, scripts: {{a: {{body: exit 0}}}}}}",
    "25 twice": "{load: 0.01, scripts: {a: {body: exit 1}}}",
    "25 eager": "{load: 0.01, max_trials: 12, eager_trials: 3, scripts: {a: {body: exit 1}}}",
    "26 text": "exit 0",
    "ports": f"{{{FEW}, ports: {{PORT: {{min: 20000, max: 60000}}}}, scripts: {{a: {{body: 'test $PORT -ge 20000'}}}}}}",
}


class Night:
    """Every row, submitted at once."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self._over: dict[int, dict[str, Any]] = {}
        self._trials: dict[str, dict[str, Any]] = {}
        documents = {name: f"{{{FEW}, scripts: {scripts}}}" for name, scripts in ONE.items()} | WHOLE
        self.tasks = {name: self.submit(document)["id"] for name, document in documents.items()}

    def submit(self, document: str) -> Any:
        answer = self.product.http.post("tasks/", content=document, headers={"Content-Type": "application/yaml"})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def repeat_rest(self, task_id: int) -> Any:
        """Repeat what did not pass; the new trial."""
        del self._over[task_id]
        answer = self.product.http.post(f"tasks/{task_id}/trials/", json={"only_not_passed": True})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def get(self, address: str) -> Any:
        return self.product.http.get(address).raise_for_status().json()

    def finished(self, task_id: int) -> dict[str, Any]:
        """A task whose trials are all over; asked for now and then, for whoever asks takes of the processors, too."""
        if task_id not in self._over:
            address = f"tasks/?limit=500&state={','.join(sorted(UNFINISHED))}"
            deadline = time.monotonic() + TIMEOUT_S
            while task_id in {task["id"] for task in self.get(address)}:
                assert time.monotonic() < deadline, self.get(f"tasks/{task_id}/")
                time.sleep(PAUSE_S)
            self._over[task_id] = self.get(f"tasks/{task_id}/")
            assert not {trial["state"] for trial in self._over[task_id]["trials"]} & UNFINISHED
        return self._over[task_id]

    def trial(self, name: str) -> dict[str, Any]:
        """The last trial of a row, over."""
        if name not in self._trials:
            self._trials[name] = self.get(f"trials/{self.finished(self.tasks[name])['trials'][-1]['id']}/")
        return self._trials[name]

    def outcome(self, name: str) -> tuple[str, dict[str, str]]:
        """State of the trial, and of its scripts."""
        trial = self.trial(name)
        return trial["state"], {script["key"]: script["state"] for script in trial["scripts"]}

    def scripts(self, name: str) -> dict[str, dict[str, Any]]:
        return {script["key"]: script for script in self.trial(name)["scripts"]}

    def procedure(self, name: str, key: str = "a") -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"procedures/{self.scripts(name)[key]['procedure']}/")
        return found

    def output(self, name: str, key: str = "a") -> dict[str, str]:
        """What a script printed, by stream."""
        address = f"procedures/{self.scripts(name)[key]['procedure']}/output/"

        def text(stream: str) -> str:
            return self.product.http.get(address, params={"stream": stream}).raise_for_status().text

        return {stream: text(stream) for stream in ("stdout", "stderr")}

    def states_seen(self, name: str) -> list[tuple[str, str]]:
        """Every transition of the scripts of a row, from the event log."""
        trial_id = self.trial(name)["id"]
        events = []
        with self.product.http.stream(
            "GET", "stream", params={"after": 0, "topic": "trial.script.statechange"}
        ) as lines:
            for line in lines.iter_lines():
                if not line.startswith("data:"):
                    continue
                payload = json.loads(line.removeprefix("data:"))["payload"]
                if payload["trial"] == trial_id:
                    events.append((payload["key"], payload["to"]))
                    if len([1 for _, state in events if state not in {"waiting", "executing"}]) == len(
                        self.scripts(name)
                    ):
                        return events
        raise AssertionError(events)
