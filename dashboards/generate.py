"""Write the dashboards as the JSON files that Grafana reads: ``python -m dashboards.generate``."""

import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import clickhouse_call_sites, clickhouse_overview, prometheus_overview
from dashboards.clickhouse_queries import CALL_SITES, OVERVIEW

FOLDER: Final = Path(__file__).with_name("grafana")


def made() -> dict[str, str]:
    """Give the text of each file, by its name."""
    boards = {
        prometheus_overview.UID: prometheus_overview.make(),
        OVERVIEW: clickhouse_overview.make(),
        CALL_SITES: clickhouse_call_sites.make(),
    }
    return {f"{uid}.json": _text(dashboard) for uid, dashboard in boards.items()}


def _text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Write all files."""
    for name, text in made().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
