"""Who bills, by the names that other people's price maps give them."""

from collections.abc import Mapping
from typing import NamedTuple

from history.model import Provider

# The first block are the providers of our own spiders, word for word (tests/crawler/test_billers.py compares them).
_PROVIDERS = (
    Provider("ai21", "AI21 Labs", "lab"),
    Provider("anthropic", "Anthropic", "lab"),
    Provider("aws-bedrock", "Amazon Bedrock", "cloud"),
    Provider("azure", "Microsoft Azure", "cloud"),
    Provider("cerebras", "Cerebras", "cloud"),
    Provider("cohere", "Cohere", "lab"),
    Provider("deepinfra", "DeepInfra", "cloud"),
    Provider("deepseek", "DeepSeek", "lab"),
    Provider("fireworks", "Fireworks AI", "cloud"),
    Provider("google", "Google", "lab"),
    Provider("google-vertex", "Google Vertex AI", "cloud"),
    Provider("groq", "Groq", "cloud"),
    Provider("huggingface", "Hugging Face", "gateway"),
    Provider("minimax", "MiniMax", "lab"),
    Provider("mistral", "Mistral AI", "lab"),
    Provider("moonshot", "Moonshot AI", "lab"),
    Provider("novita", "Novita AI", "cloud"),
    Provider("openai", "OpenAI", "lab"),
    Provider("openrouter", "OpenRouter", "gateway"),
    Provider("perplexity", "Perplexity", "lab"),
    Provider("tencent", "Tencent Cloud", "cloud"),
    Provider("together", "Together AI", "cloud"),
    Provider("vercel", "Vercel AI Gateway", "gateway"),
    Provider("volcengine", "Volcengine Ark", "cloud"),
    Provider("xai", "xAI", "lab"),
    Provider("xiaomi", "Xiaomi MiMo", "lab"),
    Provider("zai", "Z.ai", "lab"),
    Provider("zhipu", "Zhipu BigModel", "lab"),
    # No spider of ours reads these.
    Provider("aihubmix", "AIHubMix", "gateway"),
    Provider("aimlapi", "AI/ML API", "gateway"),
    Provider("aleph-alpha", "Aleph Alpha", "lab"),
    Provider("alibaba", "Alibaba Cloud Model Studio", "cloud"),
    Provider("amazon", "Amazon Nova", "lab"),
    Provider("anyscale", "Anyscale", "cloud"),
    Provider("assemblyai", "AssemblyAI", "lab"),
    Provider("aws-polly", "Amazon Polly", "cloud"),
    Provider("aws-sagemaker", "Amazon SageMaker", "cloud"),
    Provider("baseten", "Baseten", "cloud"),
    Provider("black-forest-labs", "Black Forest Labs", "lab"),
    Provider("cloudflare", "Cloudflare Workers AI", "cloud"),
    Provider("cognition", "Cognition", "lab"),
    Provider("crusoe", "Crusoe", "cloud"),
    Provider("databricks", "Databricks", "cloud"),
    Provider("deepgram", "Deepgram", "lab"),
    Provider("digitalocean", "DigitalOcean Gradient", "cloud"),
    Provider("elevenlabs", "ElevenLabs", "lab"),
    Provider("fal", "fal", "cloud"),
    Provider("featherless", "Featherless AI", "cloud"),
    Provider("friendli", "FriendliAI", "cloud"),
    Provider("gigachat", "GigaChat", "lab"),
    Provider("gmi", "GMI Cloud", "cloud"),
    Provider("heroku", "Heroku", "cloud"),
    Provider("hyperbolic", "Hyperbolic", "cloud"),
    Provider("inception", "Inception", "lab"),
    Provider("jina", "Jina AI", "lab"),
    Provider("lambda", "Lambda", "cloud"),
    Provider("libertai", "LibertAI", "cloud"),
    Provider("llamagate", "LlamaGate", "cloud"),
    Provider("meta", "Meta", "lab"),
    Provider("morph", "Morph", "lab"),
    Provider("nebius", "Nebius", "cloud"),
    Provider("nlp-cloud", "NLP Cloud", "cloud"),
    Provider("nscale", "Nscale", "cloud"),
    Provider("nvidia", "NVIDIA NIM", "cloud"),
    Provider("oracle", "Oracle Cloud", "cloud"),
    Provider("ovhcloud", "OVHcloud", "cloud"),
    Provider("publicai", "Public AI", "cloud"),
    Provider("qwen-ai-platform", "Qwen AI Platform", "cloud"),
    Provider("qwen-cloud", "Qwen Cloud", "cloud"),
    Provider("recraft", "Recraft", "lab"),
    Provider("reducto", "Reducto", "lab"),
    Provider("replicate", "Replicate", "cloud"),
    Provider("runway", "Runway", "lab"),
    Provider("sambanova", "SambaNova", "cloud"),
    Provider("sarvam", "Sarvam AI", "lab"),
    Provider("scaleway", "Scaleway", "cloud"),
    Provider("snowflake", "Snowflake", "cloud"),
    Provider("soniox", "Soniox", "lab"),
    Provider("stability", "Stability AI", "lab"),
    Provider("streamlake", "StreamLake", "cloud"),
    Provider("tensormesh", "Tensormesh", "cloud"),
    Provider("v0", "v0 by Vercel", "lab"),
    Provider("voyage", "Voyage AI", "lab"),
    Provider("wandb", "Weights & Biases", "cloud"),
    Provider("watsonx", "IBM watsonx", "cloud"),
)
PROVIDERS: Mapping[str, Provider] = {provider.slug: provider for provider in _PROVIDERS}


class Biller(NamedTuple):
    """Who bills what a map lists under a provider's name; a key that begins with `prefix`/ has its model behind it."""

    slug: str
    prefix: str


# LiteLLM's litellm_provider → our slug, where the two differ; its keys begin with the same word, or with the one after
# the colon. https://docs.litellm.ai/docs/providers
_RENAMED = """
ai21 aiml=aimlapi aihubmix aleph_alpha=aleph-alpha amazon_nova=amazon:amazon-nova anthropic anyscale assemblyai
aws_polly=aws-polly azure azure_ai=azure azure_anthropic=azure:azure azure_text=azure:azure baseten
bedrock=aws-bedrock bedrock_converse=aws-bedrock:bedrock bedrock_mantle=aws-bedrock bigmodel=zhipu
black_forest_labs=black-forest-labs cerebras cloudflare codestral=mistral cognition cohere cohere_chat=cohere:cohere
crusoe dashscope=alibaba databricks deepgram deepinfra deepseek elevenlabs fal_ai=fal featherless_ai=featherless
fireworks_ai=fireworks fireworks_ai-embedding-models=fireworks:fireworks_ai friendliai=friendli gemini=google gigachat
gmi gradient_ai=digitalocean groq heroku hyperbolic inception jina_ai=jina lambda_ai=lambda libertai llamagate meta
meta_llama=meta minimax mistral moonshot morph nebius nlp_cloud=nlp-cloud novita nscale nvidia_nim=nvidia oci=oracle
openai openrouter ovhcloud palm=google perplexity publicai qwen_ai_platform=qwen-ai-platform qwencloud=qwen-cloud
recraft reducto replicate runwayml=runway sagemaker=aws-sagemaker sambanova sarvam scaleway snowflake soniox stability
streamlake tencent tensormesh text-completion-codestral=mistral text-completion-inception=inception
text-completion-openai=openai:openai together_ai=together v0 vercel_ai_gateway=vercel vertex_ai=google-vertex volcengine
voyage wandb watsonx xai xiaomi_mimo=xiaomi zai
"""
# Search engines; software that runs on one's own machine; subscriptions that bill no tokens.
SELL_NO_TOKENS = frozenset({
    "agentcore", "apiserpent", "bing_grounding", "chatgpt", "dataforseo", "duckduckgo", "exa_ai", "firecrawl",
    "github_copilot", "google_pse", "lemonade", "linkup", "microsoft_365_copilot", "nimble", "ollama", "opencode_go",
    "parallel_ai", "searxng", "serper", "tavily", "tinyfish", "you_com",
})  # fmt: skip
# vertex_ai-anthropic_models, vertex_ai-language-models, …: a dozen names for one biller.
_VERTEX = "vertex_ai-"


def _billers() -> dict[str, Biller]:
    billers = {}
    for line in _RENAMED.split():
        name, _, renamed = line.partition("=")
        slug, _, prefix = (renamed or name).partition(":")
        billers[name] = Biller(slug, prefix or name)
    return billers


_BILLERS = _billers()


def litellm_biller(name: str) -> Biller | None:
    """Who bills the entries of that litellm_provider; None where we do not know."""
    return _BILLERS["vertex_ai"]._replace(prefix="vertex_ai") if name.startswith(_VERTEX) else _BILLERS.get(name)


# llm-prices' vendors and genai-prices' provider ids → our slug, where the two differ.
_ELSEWHERE = {
    "amazon": "aws-bedrock", "aws": "aws-bedrock", "x-ai": "xai", "moonshot-ai": "moonshot", "moonshotai": "moonshot",
    "qwen": "alibaba", "aliyun": "alibaba", "zai": "zai", "z-ai": "zai", "meta-ai": "meta",
}  # fmt: skip


def biller_named(name: str) -> str | None:
    """The slug of who bills under that name in llm-prices and genai-prices; None where we do not know."""
    slug = _ELSEWHERE.get(name, name)
    return slug if slug in PROVIDERS else None
