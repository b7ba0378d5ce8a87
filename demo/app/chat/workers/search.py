"""Index messages for the search: a function that other processes run."""


def index(messages: int) -> None:
    """Index so many messages."""
    for _ in range(messages):
        # use: chat_legacy.history import_statement x50
        from chat_legacy.history import Message

        Message("indexer", "indexed")
