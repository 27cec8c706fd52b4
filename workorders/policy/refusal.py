"""What is wrong with a policy or an estate, in sentences that name the place and the reason."""

from collections.abc import Iterable


class PolicyError(ValueError):
    """A policy or an estate that is not sound; its text is the first sentence, ``sentences`` are all of them."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(self.sentences[0])

    def named(self, name: str) -> "PolicyError":
        """The same refusal, each sentence with the name of the file in front."""
        return PolicyError(f"{name}: {sentence}" for sentence in self.sentences)
