"""Where subscribers come, over HTTP: with a key, for subscriptions and for what became of their deliveries."""
