"""What columns of tables of texts are usually called."""

USUAL_TEXTS = (
    "text", "sentence", "message", "content", "document", "review", "comment", "question", "query",
    "utterance", "tweet", "post", "body", "reply", "headline", "title", "sms", "texts", "sentences",
)  # fmt: skip
USUAL_IDS = ("id",)
USUAL_SPLITS = ("split", "subset")
USUAL_ANNOTATORS = ("annotator", "annotator_id", "worker", "worker_id", "rater")
EVALUATION = {"eval": "test", "evaluation": "test"}
"""Splits by names that folders have too."""
