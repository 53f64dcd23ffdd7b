"""Where subscribers come, over HTTP: with a key, for subscriptions and deliveries; and how alerts fare."""
