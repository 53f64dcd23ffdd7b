"""What was told long ago goes, a batch at a time: attempts, deliveries, and messages that nobody is told any more."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, exists, select

from feed.alerts.tables import attempt, delivery, message

KEPT_FOR = timedelta(days=90)
# So many rows a transaction: nobody waits for it.
BATCH = 500


def prune(connection: Connection, now: datetime, most: int = BATCH) -> int:
    """Drop at most `most` deliveries that ended, with their attempts, and `most` messages without deliveries, of those
    made more than 90 days ago; how many went, so that 0 means that none is left. Within queue.adding()."""
    before = now - KEPT_FOR
    ended = (
        select(delivery.c.subscription_id.label("the_subscription"), delivery.c.message_id.label("the_message"))
        .join(message, message.c.id == delivery.c.message_id)
        .where(message.c.created_at < before, delivery.c.created_at < before, delivery.c.state != "pending")
        .limit(most)
    )
    gone = [row._asdict() for row in connection.execute(ended)]
    for table in (attempt, delivery) if gone else ():
        this = table.c.subscription_id == bindparam("the_subscription"), table.c.message_id == bindparam("the_message")
        connection.execute(delete(table).where(*this), gone)
    told_to_nobody = message.c.created_at < before, ~exists().where(delivery.c.message_id == message.c.id)
    unused = select(message.c.id).where(*told_to_nobody).limit(most)
    return len(gone) + connection.execute(delete(message).where(message.c.id.in_(unused))).rowcount
