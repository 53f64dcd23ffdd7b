"""Who takes turns: a name for each dispatcher, by which another one on this machine sees that it has died."""

import os
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from sqlalchemy import Connection, select, update

from feed.alerts.tables import queue


def own_name() -> str:
    """This process, unlike any other that there is or was."""
    return f"{_here()}:{os.getpid()}:{token_hex(4)}"


def take_from_the_dead(connection: Connection, now: datetime) -> int:
    """What processes of this machine held that are not there any more is due at once; how many turns that were.
    What other machines hold is due when its lease ends."""
    holders = connection.execute(select(queue.c.holder).where(queue.c.holder.is_not(None)).distinct()).scalars()
    dead = [holder for holder in holders if holder.startswith(f"{_here()}:") and not _is_alive(holder)]
    left = update(queue).where(queue.c.holder.in_(dead)).values(holder=None, due_at=now)
    return connection.execute(left).rowcount if dead else 0


def _here() -> str:
    """The machine, and what its process numbers mean: a container's are its own."""
    numbers = ""
    with suppress(OSError):
        numbers = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    return f"{socket.gethostname()}/{numbers}"


def _is_alive(holder: str) -> bool:
    try:
        os.kill(int(holder.split(":")[-2]), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return True
