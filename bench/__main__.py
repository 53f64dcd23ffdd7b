"""`make bench`: every figure that we claim, measured now. Exit code 1 where a bound is missed."""

import sys

from bench import api, corpus, costs, crawl, detect, imports, replay, scale, sequences, year


def main() -> int:
    figures = []
    for part in (corpus, crawl, replay, imports, detect, api, costs, scale, year, sequences):
        for figure in part.figures():
            print(figure, flush=True)
            figures.append(figure)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
