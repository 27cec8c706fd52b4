"""The contract: what any Kafka client may rely on, as an AsyncAPI document and JSON Schemas.

Both are made from the code: the topics of ``streams.topics``, the types of ``models.schemas``.
"""

from desk.contract.document import asyncapi
from desk.contract.schemas import schema, schema_names

__all__ = ["asyncapi", "schema", "schema_names"]
