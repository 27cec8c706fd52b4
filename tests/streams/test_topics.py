"""The registry of topics."""

from collections import Counter

from models.diagnosis import MAX_BYTES
from streams.messages import MAX_SHOWN
from streams.topics import INPUTS, RECORD_BYTES, TOPICS, VALUE_BYTES


def test_no_two_topics_have_one_name() -> None:
    assert max(Counter(topic.name for topic in TOPICS).values()) == 1


def test_inputs_are_equally_partitioned_so_one_worker_holds_a_premises() -> None:
    assert {topic.name for topic in INPUTS} == {"work-orders", "shift-cover", "escalation-responses"}
    assert {topic.partitions(8) for topic in INPUTS} == {8}


def test_a_timeline_has_one_partition_so_it_has_one_order() -> None:
    assert {topic.name for topic in TOPICS if topic.partitions(8) == 1} == {"policies", "estates"}


def test_every_record_bears_the_brokers_time() -> None:
    assert {topic.config(3)["message.timestamp.type"] for topic in TOPICS} == {"LogAppendTime"}


def test_what_a_restored_ledger_adopts_is_kept_for_ever() -> None:
    for_ever = {topic.name for topic in TOPICS if topic.config(3)["retention.ms"] == "-1"}
    assert for_ever == {"escalations", "policies", "estates", "backlog"}


def test_only_the_backlog_and_the_timelines_are_compacted() -> None:
    compacted = {topic.name for topic in TOPICS if topic.config(3)["cleanup.policy"] == "compact"}
    assert compacted == {"backlog", "policies", "estates"}


def test_with_three_copies_one_may_be_lost_and_with_one_writes_still_go_on() -> None:
    for topic in TOPICS:
        assert topic.config(3)["min.insync.replicas"] == "2"
        assert topic.config(1)["min.insync.replicas"] == "1"


def test_every_topic_says_what_it_carries_and_what_its_key_means() -> None:
    assert all(topic.carries and topic.key for topic in TOPICS)


def test_no_topic_lets_records_go_because_there_are_many() -> None:
    assert {topic.config(3)["retention.bytes"] for topic in TOPICS} == {"-1"}


def test_whatever_our_producer_lets_pass_the_topic_takes_and_there_is_room_for_all_that_we_say() -> None:
    for topic in TOPICS:
        takes = int(topic.config(3)["max.message.bytes"])
        assert takes == RECORD_BYTES if topic.direction == "out" else MAX_BYTES < takes < RECORD_BYTES
    assert MAX_SHOWN * 4 / 3 < VALUE_BYTES < RECORD_BYTES, "a refused input fits in base64"
