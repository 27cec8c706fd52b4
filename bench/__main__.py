"""Every measurement in turn; each writes its own file in ``bench/results``."""

from bench import decide, parse


def main() -> int:
    """Measure everything with the defaults; the exit code is 1 if a goal is missed."""
    return max([parse.main(), decide.main([])])


if __name__ == "__main__":
    raise SystemExit(main())
