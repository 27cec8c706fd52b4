"""The AsyncAPI 3.0 document: every topic with its key, its settings and its messages, made from the code."""

from functools import cache
from importlib.metadata import version
from typing import Any, Final

from desk.contract.messages import BINDING, messages, messages_on, shapes
from streams.settings import Settings
from streams.topics import TOPICS, Topic

JsonObject = dict[str, Any]

_ABOUT: Final = """\
Which repairs and uncovered nights at probation premises endanger the public, who has been told, and has it helped.

Every record is a CloudEvents 1.0 event in the Kafka protocol binding. What we send is in structured mode; what we \
receive may be in either mode. The key of a record is in its event too, as `partitionkey`. A broker may hold the \
topics under a prefix (`WORKORDERS_TOPIC_PREFIX`) and otherwise spread or copied; the figures here are the defaults.

What a consumer may rely on, in any language, is in `docs/CONSUMERS.md`; why an input is refused, in `docs/REFUSALS.md`.
"""

_LOGINS: Final[JsonObject] = {
    "scramSha512": {"type": "scramSha512", "description": "Name and password over TLS (SASL_SSL, SCRAM-SHA-512)."},
    "scramSha256": {"type": "scramSha256", "description": "Name and password over TLS (SASL_SSL, SCRAM-SHA-256)."},
    "plain": {"type": "plain", "description": "Name and password over TLS (SASL_SSL, PLAIN)."},
    "certificate": {"type": "X509", "description": "A client certificate (SSL)."},
}


@cache
def asyncapi() -> JsonObject:
    """The whole document, as JSON has it; it is made once, so it must not be changed."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:workorders",
        "info": {
            "title": "workorders",
            "version": version("workorders"),
            "description": _ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": _servers(),
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {_operation_name(topic): _operation(topic) for topic in TOPICS},
        "components": {
            "messages": messages(),
            "schemas": shapes(),
            "securitySchemes": _LOGINS,
        },
    }


def _servers() -> JsonObject:
    broker = {"broker": {"default": "localhost:9092", "description": "host:port of a broker of the cluster"}}
    logins = [{"$ref": f"#/components/securitySchemes/{name}"} for name in _LOGINS]
    return {
        "unprotected": {
            "host": "{broker}",
            "protocol": "kafka",
            "description": "A broker on the same machine or in a closed network.",
            "variables": broker,
        },
        "protected": {
            "host": "{broker}",
            "protocol": "kafka-secure",
            "description": "A broker that is reached by TLS, with a name and password or a client certificate.",
            "variables": broker,
            "security": logins,
        },
    }


def _channel(topic: Topic) -> JsonObject:
    settings = Settings.model_construct()
    config: dict[str, Any] = topic.config(settings.replication)
    config["cleanup.policy"] = [config["cleanup.policy"]]
    for name in ("max.message.bytes", "min.insync.replicas", "retention.bytes", "retention.ms"):
        config[name] = int(config[name])
    return {
        "address": topic.name,
        "title": topic.name,
        "summary": f"{topic.carries[0].upper()}{topic.carries[1:]}.",
        "description": f"Key: {topic.key}. {_kept(topic)}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages_on(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions(settings.partitions),
                "replicas": settings.replication,
                "topicConfiguration": config,
                "bindingVersion": BINDING,
            }
        },
    }


def _kept(topic: Topic) -> str:
    if topic.compacted:
        return "Of each key the latest record is kept for ever."
    if topic.retention is None:
        return "Every record is kept for ever."
    return f"Records are kept for {topic.retention.days} {'day' if topic.retention.days == 1 else 'days'}."


def _operation_name(topic: Topic) -> str:
    words = "".join(part.capitalize() for part in topic.name.split("-"))
    return f"{'receive' if topic.direction == 'in' else 'send'}{words}"


def _operation(topic: Topic) -> JsonObject:
    channel = f"#/channels/{topic.name}"
    return {
        "action": "receive" if topic.direction == "in" else "send",
        "channel": {"$ref": channel},
        "summary": f"We {'take in' if topic.direction == 'in' else 'say'} {topic.carries}.",
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in messages_on(topic)],
    }
