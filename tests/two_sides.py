"""Two sides for the bench to compare: one takes a hundredth of a second longer than the other."""

import time

from bench.sides import main


def ours() -> None:
    time.sleep(0.02)


def bare() -> None:
    time.sleep(0.01)


if __name__ == "__main__":
    main({"ours": ours, "bare": bare})
