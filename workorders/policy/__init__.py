"""The rules as data: priorities, targets, calendars, ladders and night checkpoints, each version a content hash."""
