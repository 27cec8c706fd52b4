"""The topics on servers: what differs from the registry, and the making of what is missing.

What can be put right without touching a record is put right by ``apply``. A topic that is spread or copied
otherwise than wanted is only reported: more partitions would move premises from one worker to another in the
middle of their history.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them without saying so
    AdminClient,
    AlterConfigOpType,
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from streams.kafka_admin import KafkaRefused, admin_client, answers, said
from streams.settings import Settings
from streams.topics import TOPICS, Topic

LOOK_AGAIN_S: Final = 0.1
VITAL: Final = ("cleanup.policy", "message.timestamp.type")
"""Settings without which records vanish that are still needed, or are taken to have come when their sender says."""
ENOUGH: Final = 0.5
"""What part of the time for which records are to be kept is enough for the work; with less they vanish unread."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """How one topic is, or is to be: its partitions, the copies of each, and its settings in Kafka's words."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One difference between the registry and the cluster, in a sentence.

    ``make`` is the topic that is missing, ``change`` the settings that differ; a step with neither needs a person.
    While a step that ``stops_work`` is open, no worker starts: it would lose or misplace what it reads.
    """

    topic: str
    sentence: str
    make: TopicState | None = None
    change: Mapping[str, str] = field(default_factory=dict)
    stops_work: bool = False

    @property
    def by_hand(self) -> bool:
        """Whether only a person can put it right."""
        return self.make is None and not self.change


class TopicsDifferError(Exception):
    """The topics are not as the registry wants them; the text has a sentence for each difference."""


async def plan(settings: Settings) -> list[Step]:
    """What would have to be done to the cluster, which is only looked at.

    Nothing on an embedded broker, which makes its topics when it starts. Raises ``BrokerUnreachable`` or
    ``KafkaRefused``.
    """
    if settings.is_embedded:
        return []
    return differences(settings, await _found(admin_client(settings, settings.broker), settings))


async def apply(settings: Settings) -> list[Step]:
    """Make the missing topics and set the differing settings; returns the whole plan, with what is left by hand.

    It returns when the cluster shows the changes; applying again then changes nothing. Raises
    ``BrokerUnreachable``, ``KafkaRefused``, or ``TopicsDifferError`` if a change does not show in time.
    """
    steps = await plan(settings)
    makes = [_new_topic(step.make) for step in steps if step.make]
    changes = [_alteration(step) for step in steps if step.change]
    if makes or changes:
        admin = admin_client(settings, settings.broker)
        await _make(admin, makes, settings)
        await _change(admin, changes, settings)
        await _until_shown(settings)
    return steps


async def check(settings: Settings) -> None:
    """Raise ``TopicsDifferError`` unless every topic is as the registry wants it."""
    steps = await plan(settings)
    if steps:
        raise TopicsDifferError("\n".join(step.sentence for step in steps))


def differences(settings: Settings, found: Mapping[str, TopicState]) -> list[Step]:
    """One step for each topic that is missing, and for each way in which one that exists differs."""
    steps = []
    for topic in TOPICS:
        name = settings.topic_prefix + topic.name
        have = found.get(name)
        copies = settings.replication if have is None else have.replication
        want = TopicState(name, topic.partitions(settings.partitions), settings.replication, topic.config(copies))
        if have is None:
            counts = f"partitions: {want.partitions}, copies of each: {want.replication}"
            steps.append(Step(name, f"{name} is missing; make it ({counts}).", make=want, stops_work=True))
        else:
            steps += [*_spread_otherwise(topic, want, have), *_set_otherwise(want, have)]
    return steps


def _spread_otherwise(topic: Topic, want: TopicState, have: TopicState) -> list[Step]:
    steps = []
    if have.partitions != want.partitions:
        differs = f"{want.name} has {have.partitions} partitions, not {want.partitions}"
        advice = _SPREAD if topic.spread else _ONE_ORDER
        # The input topics are shared out together: the same partition of each is the same premises. What is not
        # spread has one order, which several partitions have not.
        stops_work = topic.direction == "in" or not topic.spread
        steps.append(Step(want.name, f"{differs}; {advice} by hand.", stops_work=stops_work))
    if have.replication != want.replication:
        differs = f"{want.name} is kept {have.replication} times, not {want.replication}"
        advice = "set WORKORDERS_REPLICATION to what is there, or reassign its partitions by hand"
        steps.append(Step(want.name, f"{differs}; {advice}."))
    return steps


_SPREAD: Final = (
    "changing them would move premises between workers, so set WORKORDERS_PARTITIONS to what is there, or move its "
    "records to a new topic"
)
_ONE_ORDER: Final = (
    "its records need one order whatever WORKORDERS_PARTITIONS says, so move them, oldest first, to a new topic of "
    "that name with one partition"
)


def _set_otherwise(want: TopicState, have: TopicState) -> list[Step]:
    change = {key: value for key, value in want.config.items() if _lacks(key, value, have.config.get(key))}
    if not change:
        return []
    is_now = ", ".join(f"{key}={have.config.get(key)}" for key in change)
    to_be = ", ".join(f"{key}={value}" for key, value in change.items())
    sentence = f"{want.name} has {is_now}; set {to_be}."
    return [Step(want.name, sentence, change=change, stops_work=_loses(want, have, change))]


def _lacks(key: str, wanted: str, is_now: str | None) -> bool:
    """Whether a setting is not as it must be; a topic that takes larger records than we need is left so."""
    if key == "max.message.bytes" and is_now is not None:
        return int(is_now) < int(wanted)
    return is_now != wanted


def _loses(want: TopicState, have: TopicState, change: Mapping[str, str]) -> bool:
    """Whether, as it is set, records vanish that are still needed, or bear a time that is not the broker's."""
    if not change.keys().isdisjoint(VITAL):
        return True
    if want.config["cleanup.policy"] == "compact":
        return False  # only where records are deleted does it matter after what time and beyond how many bytes
    return "retention.bytes" in change or _shorter_by_far(want.config["retention.ms"], have.config.get("retention.ms"))


def _shorter_by_far(wanted: str, is_now: str | None) -> bool:
    """Whether records go long before they may; an unknown time is not trusted."""
    if is_now is None:
        return True
    if int(is_now) < 0:
        return False
    return int(wanted) < 0 or int(is_now) < ENOUGH * int(wanted)


async def _found(admin: AdminClient, settings: Settings) -> dict[str, TopicState]:
    wait = settings.broker_timeout_s
    ours = {settings.topic_prefix + topic.name for topic in TOPICS}
    try:
        cluster: ClusterMetadata = await asyncio.to_thread(admin.list_topics, timeout=wait)
    except KafkaException as error:
        raise await said("", error, settings, settings.broker) from error
    present = sorted(ours & set(cluster.topics))
    if not present:
        return {}
    asked = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in present], request_timeout=wait)
    configs = await answers({resource.name: told for resource, told in asked.items()}, settings, settings.broker)
    return {
        name: TopicState(
            name,
            partitions=len(cluster.topics[name].partitions),
            replication=min(len(part.replicas) for part in cluster.topics[name].partitions.values()),
            config={key: entry.value for key, entry in configs[name].items()},
        )
        for name in present
    }


async def _make(admin: AdminClient, makes: list[NewTopic], settings: Settings) -> None:
    wait = settings.broker_timeout_s
    asked = admin.create_topics(makes, operation_timeout=wait, request_timeout=wait) if makes else {}
    for name, made in asked.items():
        try:
            await answers({name: made}, settings, settings.broker)
        except KafkaRefused as refusal:
            # Another makes the same topics at the same time, or made them so lately that we could not see them.
            if refusal.code != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


async def _change(admin: AdminClient, changes: list[ConfigResource], settings: Settings) -> None:
    wait = settings.broker_timeout_s
    asked = admin.incremental_alter_configs(changes, request_timeout=wait) if changes else {}
    await answers({resource.name: changed for resource, changed in asked.items()}, settings, settings.broker)


async def _until_shown(settings: Settings) -> None:
    """Wait until nothing of ours is left to do: a broker shows what its controller did a moment later."""
    left: list[Step] = []
    for _ in range(math.ceil(settings.broker_timeout_s / LOOK_AGAIN_S)):
        left = [step for step in await plan(settings) if not step.by_hand]
        if not left:
            return
        await asyncio.sleep(LOOK_AGAIN_S)
    raise TopicsDifferError("\n".join(step.sentence for step in left))


def _new_topic(state: TopicState) -> NewTopic:
    return NewTopic(state.name, state.partitions, state.replication, config=dict(state.config))


def _alteration(step: Step) -> ConfigResource:
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in step.change.items()
    ]
    return ConfigResource(ResourceType.TOPIC, step.topic, incremental_configs=entries)
