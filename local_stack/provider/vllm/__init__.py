"""vLLM's wire, as a self-hosted Voxtral is reached by."""
