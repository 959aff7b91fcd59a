"""PyPubSub, joined to OET's events where a script uses it: what it sends leaves as an event, and events arrive as its messages.

Nothing of this is there unless the script imports `pubsub`. A message that came from OET does not go back.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, Callable

from oet.harness.plain import plain

if TYPE_CHECKING:
    from types import ModuleType

    from oet.conversation import Conversation
    from oet.messages import Message, Subscription

MODULE = "pubsub.pub"


def install(conversation: Conversation) -> Callable[[], None]:
    """Join them as soon as the script imports PyPubSub; at once where that is imported already. Returns what parts them again."""
    bridge = Bridge(conversation)
    finder = _Finder(bridge)
    if MODULE in sys.modules:
        bridge.join(sys.modules[MODULE])
    else:
        sys.meta_path.insert(0, finder)

    def part() -> None:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        bridge.part()

    return part


class Bridge:
    """Between the events of one script and its PyPubSub."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._pub: Any = None
        self._relayed = threading.local()
        self._has_failed: set[str] = set()
        self._ear: Subscription | None = None
        self._has_parted = False

    def join(self, pub: ModuleType) -> None:
        """Hear everything that is sent, and of every subscription."""
        if self._pub is not None:
            return
        self._pub = pub
        bridge = self

        def leave(topic: Any = pub.AUTO_TOPIC, **data: Any) -> None:
            bridge._sent(topic.getName(), data)

        class Watch(pub.INotificationHandler):  # type: ignore[name-defined,misc] # known when it is imported
            """Of everything that PyPubSub tells, only subscriptions matter."""

            def notifySubscribe(self, pubListener: Any, topicObj: Any, newSub: bool) -> None:  # noqa: N802, N803, FBT001 - PyPubSub's
                bridge._subscribed(topicObj)

            def _pass(self, *_args: Any, **_kwargs: Any) -> None:
                pass

            notifyUnsubscribe = notifyDeadListener = notifySend = notifyNewTopic = notifyDelTopic = _pass  # noqa: N815

        self._keep = (leave, Watch())  # PyPubSub itself keeps weak references only
        pub.subscribe(leave, pub.ALL_TOPICS)
        pub.addNotificationHandler(self._keep[1])
        pub.setNotificationFlags(subscribe=True)
        self._ear = self._conversation.hub.subscribe("*", self._arrived, is_announced=False)

    def part(self) -> None:
        """Hear of nothing any more."""
        if self._ear is not None:
            self._ear.cancel()
            self._pub.unsubscribe(self._keep[0], self._pub.ALL_TOPICS)
        self._has_parted = True

    def _sent(self, topic: str, data: dict[str, Any]) -> None:
        """The script has sent a message."""
        relayed = getattr(self._relayed, "message", None)
        if relayed is None or relayed[0] != topic or not _is_same(data, relayed[1]):
            self._conversation.publish(topic, plain(data))

    def _subscribed(self, topic: Any) -> None:
        """The script listens to a topic, and so to everything below it."""
        if self._has_parted:  # PyPubSub cannot be told to forget one handler alone
            return
        name = topic.getName()
        for pattern in ["*"] if topic.isAll() else [name, f"{name}.*"]:
            self._conversation.hub.listen(pattern)

    def _arrived(self, message: Message) -> None:
        """An event has come. It is sent only where somebody listens: PyPubSub would make a topic of it, with these arguments for ever."""
        topics = self._pub.getDefaultTopicMgr()
        if not self._is_heard(topics, message.topic):
            return
        self._relayed.message = (message.topic, message.payload)
        try:
            self._pub.sendMessage(message.topic, **message.payload)
        except Exception:  # noqa: BLE001 - the border to PyPubSub and the author's listeners
            if message.topic not in self._has_failed:
                self._has_failed.add(message.topic)
                print(f"OET: the event {message.topic} could not be handed to PyPubSub:", file=sys.stderr)
                traceback.print_exc()
        finally:
            self._relayed.message = None

    def _is_heard(self, topics: Any, name: str) -> bool:
        parts = name.split(".")
        for count in range(len(parts), 0, -1):
            topic = topics.getTopic(".".join(parts[:count]), okIfNone=True)
            if topic is not None and topic.hasListeners():
                return True
        own = 1  # `leave` itself
        return bool(topics.getRootAllTopics().getNumListeners() > own)


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether these are the very same objects under the same names."""
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)


class _Finder(importlib.abc.MetaPathFinder):
    """Notices the import of PyPubSub."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of `pubsub.pub`, whose loader joins the two."""
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._bridge)
        return spec


class _Loader(importlib.abc.Loader):
    """Loads as another one does, then joins."""

    def __init__(self, loader: Any, bridge: Bridge) -> None:
        self._loader = loader
        self._bridge = bridge

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """As the other one."""
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """As the other one, and then the bridge."""
        self._loader.exec_module(module)
        self._bridge.join(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
