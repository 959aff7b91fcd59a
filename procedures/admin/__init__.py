"""The administrator's pages: the history of every procedure, for reading; and people.

| module | what is there |
|---|---|
| `read_only` | an admin that shows and never writes |
| `changelist` | lists that stay fast with a million rows: pages by key (`procedures.keyset`), no COUNT |
| `filters`, `search` | what narrows a list, and how a search stays bounded |
| `procedure`, `detail`, `output` | procedures, the page of one, and what it printed |
| `export`, `records` | CSV and JSON as streams, and what they hold of a procedure |
| `command`, `event`, `node`, `claim`, `environment`, `sayings` | the other tables |
| `people`, `tokens` | users, groups and what programs log in with |
| `words` | states, times and links as people read them |

Django finds admins by importing this package, so it imports every module that registers one.
"""

from procedures.admin import claim, command, environment, event, node, people, procedure, sayings, tokens

__all__ = ["claim", "command", "environment", "event", "node", "people", "procedure", "sayings", "tokens"]
