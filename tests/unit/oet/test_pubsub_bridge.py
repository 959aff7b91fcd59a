"""Scripts written for SKA's OET: `init` makes `main`, messages go through PyPubSub, words through `logging`."""

import subprocess
import sys
from pathlib import Path

import pytest

from oet import testing
from tests.unit.oet.test_testing import PROJECT

SKA = """
import functools
import logging
import os
import threading
import time

from pubsub import pub

LOG = logging.getLogger(__name__)
logging.basicConfig(level=logging.INFO, format="%(asctime)-15s %(message)s")


class topics:
    class user:
        class script:
            class announce:
                def msgDataSpec(msg_src, msg):
                    "- msg_src: component\\n- msg: words"


pub.addTopicDefnProvider(topics, pub.TOPIC_TREE_FROM_CLASS)
HEARD = []


def hear(msg_src, msg):
    HEARD.append(msg)


def announce(msg: str):
    pub.sendMessage(topics.user.script.announce, msg_src=threading.current_thread().name, msg=msg)


def init(subarray_id: int, init_arg=None):
    global main
    main = functools.partial(_main, subarray_id)
    pub.subscribe(hear, topics.user.script.announce)
    LOG.info(f"Script bound to sub-array {subarray_id} with init_arg {init_arg}")


def _main(subarray_id: int, sb_json: str = "", sbi_id: str = "sbi-default-123", raise_msg=None, *args, **kwargs):
    announce(f"Running in process {os.getpid() > 0} on {subarray_id}")
    for scan in range(2):
        LOG.info(f"pretending to execute scan {scan}")
        announce(f"scan {scan}")
    if raise_msg:
        raise Exception(raise_msg)
    announce("Script complete")
"""
ANNOUNCED = ["Running in process True on 3", "scan 0", "scan 1", "Script complete"]


@pytest.fixture
def ska_script(tmp_path: Path) -> Path:
    path = tmp_path / "observe_sb.py"
    path.write_text(SKA)
    return path


def test_script_for_ska_is_tested_with_its_messages_as_events(ska_script: Path) -> None:
    for _ in range(2):  # the first script hears nothing of the second
        with testing.script(ska_script) as observe:
            observe.call("init", subarray_id=3)
            observe.call("main", sb_json="x.json")
            assert [payload["msg"] for payload in observe.published("user.script.announce")] == ANNOUNCED
            assert observe.published("user.script.announce")[0]["msg_src"] == "MainThread"
            observe.send("user.script.announce", msg_src="ann", msg="from outside")
            heard = observe.module.HEARD
            assert heard == [*ANNOUNCED, "from outside"]
            assert len(observe.events) == len(ANNOUNCED), "what came from outside went back"
            with pytest.raises(Exception, match="no sky"):
                observe.call("main", raise_msg="no sky")


def test_script_for_ska_runs_on_a_laptop(ska_script: Path) -> None:
    command = [sys.executable, "-m", "oet.run", str(ska_script), "main", "--subarray_id", "3", "--sb_json", "x"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PROJECT)}, timeout=60
    )
    for words in ANNOUNCED:
        assert f'[oet event] user.script.announce {{"msg_src": "MainThread", "msg": "{words}"}}' in done.stderr
    assert "Script bound to sub-array 3 with init_arg None" in done.stderr
