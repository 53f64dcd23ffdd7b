"""Facts that the history stands on: which names mean the same model, who trained it, what was documented."""
