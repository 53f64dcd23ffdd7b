"""`make bench`: every figure that we claim, measured now. Exit code 1 where a bound is missed."""

import sys

from bench import (
    api,
    corpus,
    costs,
    crawl,
    deliveries,
    detect,
    fanning,
    imports,
    month,
    promptness,
    replay,
    scale,
    sequences,
    storm,
    year,
)

PARTS = (
    corpus, crawl, replay, imports, detect, api, costs, deliveries, promptness, fanning, scale, year, storm, sequences,
    month,
)  # fmt: skip


def main() -> int:
    print(f"Python {sys.version}", flush=True)
    figures = []
    for number, part in enumerate(PARTS, 1):
        title = (part.__doc__ or "").partition("\n")[0]
        print(f"[{number}/{len(PARTS)}] {part.__name__.removeprefix('bench.')}: {title}", flush=True)
        for figure in part.figures():
            print(figure, flush=True)
            figures.append(figure)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
