"""The nouns: what is said and what is stored; imports nothing else of ours."""
