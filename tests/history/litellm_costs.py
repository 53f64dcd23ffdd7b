"""Run as a process of its own, for importing litellm takes ten seconds: usages on standard input, its costs on output.

Each usage: model, litellm's provider, our tier, the time, and counts by our units. Answers its entries too.
"""

import json
import os
import sys
from datetime import datetime
from typing import Any

# Its own map, as it came with the package: nothing is fetched.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from litellm._internal_context import pinned_billing_time
from litellm.cost_calculator import batch_cost_calculator
from litellm.types.utils import CacheCreationTokenDetails, PromptTokensDetailsWrapper, Usage


def cost(asked: dict[str, Any]) -> float:
    """What litellm says that it cost."""
    counts = asked["counts"]
    read, five, hour = (
        counts.get(unit, 0) for unit in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    )
    details = PromptTokensDetailsWrapper(
        cached_tokens=read, cache_creation_tokens=five + hour,
        cache_creation_token_details=CacheCreationTokenDetails(
            ephemeral_5m_input_tokens=five, ephemeral_1h_input_tokens=hour),
    )  # fmt: skip
    prompt, answer = counts.get("input_tokens", 0) + read + five + hour, counts.get("output_tokens", 0)
    usage = Usage(
        prompt_tokens=prompt, completion_tokens=answer, total_tokens=prompt + answer, prompt_tokens_details=details,
        cache_creation_input_tokens=five + hour, cache_read_input_tokens=read,
    )  # fmt: skip
    names = {"model": asked["model"], "custom_llm_provider": asked["provider"]}
    with pinned_billing_time(datetime.fromisoformat(asked["at"])):
        if asked["tier"] == "batch":
            return sum(batch_cost_calculator(usage, **names))
        tier = None if asked["tier"] == "standard" else asked["tier"]
        return sum(litellm.cost_per_token(usage_object=usage, service_tier=tier, **names))


def main() -> None:
    asked = json.load(sys.stdin)
    entries = {key: litellm.model_cost[key] for key in sorted({one["entry"] for one in asked})}
    json.dump({"entries": entries, "costs": [cost(one) for one in asked]}, sys.stdout)


if __name__ == "__main__":
    main()
