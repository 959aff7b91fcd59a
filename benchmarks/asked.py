"""What is asked of a database with a long past: the pages of the site, of its admin, and the lists of REST; name and address of each.

Searches of each kind: frequent and rare words, what nothing fits, filters that no index answers alone, and the ends of every list.
"""

from datetime import datetime, timedelta
from urllib.parse import urlencode


def everything(procedures: int, end: datetime) -> dict[str, dict[str, str]]:
    """By the title of its table. `end` is when the newest procedure was created."""
    return {
        "pages": pages(procedures, end),
        "REST": rest(procedures, end),
        "admin": admin(procedures, end),
    }


FIRST = (
    "Now",
    "History, newest, with a night of 720 procedures",
    "a procedure",
    "GET procedures/",
    "admin: list, newest",
)
"""Those that are also measured as the first request of a process."""


def pages(procedures: int, end: datetime) -> dict[str, str]:
    """What people look at."""
    day = f"{end - timedelta(days=2):%Y-%m-%d}"
    middle = procedures // 2 // 10 * 10

    def found(line: str, **more: object) -> str:
        return f"/history/?{urlencode({'q': line, 'night': day, **more})}"

    newest = "&".join(f"id={number}" for number in range(procedures - 25, procedures))
    return {
        "Now": "/",
        "Now, 1000 rows": "/?rows=1000",
        "Now, a script": "/?script=observe_7.py",
        "Now, a word of nobody": "/?q=nowhere",
        "Now, failed, of a person, of a day": f"/?state=FAILED&by=user3&since={day}&until={day}",
        "usual durations of 25 procedures": f"/usual/?{newest}",
        "a procedure": f"/procedures/{middle + 1}/",
        "the newest procedure, READY": f"/procedures/{procedures}/",
        "History, newest, with a night of 720 procedures": f"/history/?night={day}",
        "History, deep in the middle": found("", before=middle),
        "History, the oldest": found("", before=31),
        "a word of every procedure": found("main"),
        "a beginning of every procedure's script": found("script:observe"),
        "a word of 8 %": found("timeouterror"),
        "a word of one": found("quench"),
        "a word of none": found("nowhere"),
        "an argument and a person": found("subarray_id=2 by:user3"),
        "state FAILED": found("state:failed"),
        "states that 14 % are in": found("state:failed,stopped,unknown"),
        "a word of every procedure, state UNKNOWN (3)": found("main state:unknown"),
        "a word of 8 %, state COMPLETE (none)": found("timeouterror state:complete"),
        "a word, the last 90 days": found(f"correlator since:{end - timedelta(days=90):%Y-%m-%d}"),
        "a person, a day long ago": found(
            f"by:user3 since:{end - timedelta(days=900):%Y-%m-%d} until:{end - timedelta(days=899):%Y-%m-%d}"
        ),
        "the report of a day": f"/history/{day}/",
        "the trials": "/trials/",
        "a trial": f"/trials/{max(1, procedures // 100)}/",
        "a task": f"/tasks/{max(1, procedures // 200)}/",
        "the environments": "/environments/",
        "an environment": f"/environments/{max(1, min(2000, procedures // 100) // 2)}/",
        "Prepare": "/prepare/",
        "Health": "/health/",
    }


def rest(procedures: int, end: datetime) -> dict[str, str]:
    """What programs read."""
    since = f"{end - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    middle = procedures // 2
    asked = {
        "GET procedures/": "procedures/",
        "procedures/?limit=500": "procedures/?limit=500",
        "procedures/, from the middle": f"procedures/?before={middle}",
        "procedures/, the last page": "procedures/?before=101",
        "procedures/, from the oldest on": "procedures/?after=0",
        "procedures/?state=FAILED": "procedures/?state=FAILED",
        "procedures/?state=FAILED,STOPPED,UNKNOWN": "procedures/?state=FAILED,STOPPED,UNKNOWN",
        "procedures/?state=UNKNOWN (3)": "procedures/?state=UNKNOWN",
        "procedures/?state=LOADING (none)": "procedures/?state=LOADING",
        "procedures/?script= of every 40th": "procedures/?script=observe_7.py",
        "procedures/?script= of none": "procedures/?script=nowhere.py",
        "procedures/?q= of none": "procedures/?q=nowhere",
        "procedures/?who= of every 20th": "procedures/?who=user3",
        "procedures/?who= of none": "procedures/?who=nobody",
        "procedures/?who= of 5 %, state UNKNOWN": "procedures/?who=user3&state=UNKNOWN",
        "procedures/?since= two days ago": f"procedures/?since={since}",
        "procedures/?since= two days ago, state UNKNOWN": f"procedures/?since={since}&state=UNKNOWN",
        "a procedure by REST": f"procedures/{middle}/",
        "its history": f"procedures/{middle}/history/",
        "its commands": f"procedures/{middle}/commands/",
        "commands/": "commands/",
        "commands/, the last page": "commands/?before=101",
        "commands/?who= of 5 %": "commands/?who=user3",
        "commands/?who= of none": "commands/?who=nobody",
        "commands/?state=rejected (1 %)": "commands/?state=rejected",
        "commands/?state=queued (none)": "commands/?state=queued",
        "commands/?kind=stop (none)": "commands/?kind=stop",
        "search/?q= of 8 %": "search/?q=timeouterror",
        "search/?q= of one": "search/?q=quench",
        "outcomes/": "outcomes/",
        "outcomes/ of a script": "outcomes/?script=observe_7.py",
        "outcomes/ of no script, over all time": "outcomes/?script=nowhere.py&since=0",
        "days/…/": f"days/{end - timedelta(days=2):%Y-%m-%d}/",
        "tasks/": "tasks/",
        "tasks/?who= of none": "tasks/?who=nobody",
        "tasks/?state=aborted (none)": "tasks/?state=aborted",
        "trials/": "trials/",
        "trials/?state=failed (20 %)": "trials/?state=failed",
        "trials/?state=aborted (none)": "trials/?state=aborted",
        "trials/?who= of none": "trials/?who=nobody",
        "environments/": "environments/",
        "questions/": "questions/",
        "nodes/": "nodes/",
    }
    return {name: f"/api/v1/{path}" for name, path in asked.items()}


def admin(procedures: int, end: datetime) -> dict[str, str]:
    """What an administrator looks at."""
    at = "/admin/procedures/"
    middle = procedures // 2
    day = f"{end - timedelta(days=900):%Y-%m-%d}" if procedures > 700_000 else f"{end - timedelta(days=1):%Y-%m-%d}"
    wide = {"since": f"{end - timedelta(days=1300):%Y-%m-%d}", "until": day}

    def listed(**parameters: object) -> str:
        return f"{at}procedure/?{urlencode(parameters)}"

    asked = {
        "list, newest": listed(),
        "list, deep in the middle": listed(before=middle),
        "list, the oldest": listed(before=101),
        "state FAILED (8 %)": listed(state="FAILED"),
        "state UNKNOWN (3 rows)": listed(state="UNKNOWN"),
        "live": listed(state="live"),
        "script": listed(script="observe_7.py"),
        "script that does not exist": listed(script="nothing.py"),
        "user": listed(who="user3"),
        "state COMPLETE and rare user": listed(state="COMPLETE", who="guest"),
        "state UNKNOWN and user": listed(state="UNKNOWN", who="user3"),
        "state FAILED, script and user": listed(state="FAILED", script="observe_7.py", who="user3"),
        "one day": listed(since=day, until=day),
        "a third of all, by date": listed(**wide),
        "a third of all, and state UNKNOWN": listed(**wide, state="UNKNOWN"),
        "search by number": listed(q=f"#{procedures // 3}"),
        "search, frequent word": listed(q="timeouterror"),
        "search, rare word (one window)": listed(q="quench"),
        "search, rare word, state FAILED": listed(q="quench", state="FAILED"),
        "one procedure": f"{at}procedure/{middle}/change/",
        "commands": f"{at}command/",
        "commands of one procedure": f"{at}command/?procedure={middle}",
        "search in commands (one window)": f"{at}command/?q=nobody",
        "events": f"{at}event/",
        "events of one day": f"{at}event/?since={day}&until={day}",
        "environments": "/admin/environments/environment/",
        "trials": "/admin/trials/trial/",
        "tasks": "/admin/trials/task/",
    }
    return {f"admin: {name}": path for name, path in asked.items()}
