"""Load what is only known by its name: strings that hold legacy paths."""

import importlib
import pickle
from importlib.metadata import EntryPoint

BOTS = EntryPoint(name="echo", value="chat_legacy.bots.echo:EchoBot", group="chat.bots")

SAVED_BY_AN_OLD_VERSION = b"cchat_legacy.history\nMessage\n(Vbob\nVsee you\ntR."


def load_by_name(name: str) -> object:
    """Load a module of which the configuration knows the name."""
    # use: chat.websocket.unified_manager import_module x2
    return importlib.import_module(name)


def load_relative() -> object:
    """Load a module by its place in a package."""
    # use: chat.websocket.manager_factory import_module x1
    return importlib.import_module(".manager_factory", "chat.websocket")


def load_the_hard_way() -> object:
    """Load a module as people did before there was an importlib."""
    # use: chat_legacy.history import_module x1
    return __import__("chat_legacy.history", fromlist=["History"])


def load_bot() -> str:
    """Load a plugin through its entry point."""
    # use: chat_legacy.bots.echo entry_point x1
    bot = BOTS.load()
    return str(bot().answer("hello"))


def load_saved() -> str:
    """Read a message that was saved before the package moved."""
    # use: chat_legacy.history pickle x1
    message = pickle.loads(SAVED_BY_AN_OLD_VERSION)  # noqa: S301 - the demo's own bytes
    return str(message.text)


def load_if_there() -> bool:
    """Load an optional part, as code that supports two versions does."""
    try:
        # use: chat_legacy.bots import_statement x1
        import chat_legacy.bots as old_bots
    except ImportError:
        return False
    return bool(old_bots.__doc__)
