"""Every measurement in turn; each writes its own file in ``bench/results``, and at last the table of the README."""

from bench import (
    api,
    decide,
    due_at_once,
    embedded,
    figures,
    growth,
    latency,
    ledger,
    live,
    parse,
    takeover,
    totals,
    two_workers,
)
from bench.race import referee


def main() -> int:
    """Measure everything with the defaults; the exit code is 1 if a goal is missed."""
    own = [parse.main(), decide.main([]), ledger.main([]), embedded.main([]), live.main([])]
    on_servers = [referee.main([]), due_at_once.main([]), two_workers.main([]), takeover.main([]), api.main([])]
    with growth.place(*growth.SIZES) as place:
        grown = [totals.main([], place), latency.main([], place), growth.main([], place)]
    return max([*own, *on_servers, *grown, figures.main()])


if __name__ == "__main__":
    raise SystemExit(main())
