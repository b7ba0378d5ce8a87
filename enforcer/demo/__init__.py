"""The demonstration: a chat backend with six import paths to one WebSocket manager.

The backend (``app/``) is a program of its own, in two top packages, and knows nothing of the
enforcer; it is never imported from here. ``enforcer.toml`` is the map that repairs it.
"""

from pathlib import Path
from typing import Final

APP: Final = Path(__file__).with_name("app")
"""The folder that holds the backend's packages."""

MAP: Final = Path(__file__).with_name("enforcer.toml")
"""The backend's migration map."""
