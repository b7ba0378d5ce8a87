"""Write the three stores, and pictures of *To do* over each of them."""

import shutil
import sys
import threading
from pathlib import Path

from enforcer.dashboard.server import bind
from enforcer.dashboard.settings import Settings
from tests.readability.histories import HISTORIES, NOW, write

WIDTHS = (1440, 390)


def main(folder: str) -> None:
    """Take the pictures, named ``HISTORY-WIDTH.png``."""
    import uvicorn  # noqa: PLC0415 - only where pictures are taken
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a component

    from enforcer.dashboard.app import create_dashboard  # noqa: PLC0415 - the same

    top = Path(folder)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False
        )
        for name in HISTORIES:
            store, migration_map = write(name, top / name)
            settings = Settings(str(store), migration_map, now=lambda: NOW)
            listener = bind("127.0.0.1", 0)
            config = uvicorn.Config(create_dashboard(settings).app, log_level="error", ws="none")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900})
                page.goto(f"http://127.0.0.1:{listener.getsockname()[1]}/")
                page.screenshot(path=str(top / f"{name}-{width}.png"), full_page=True)
                page.close()
            server.should_exit = True
            thread.join()
            listener.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
