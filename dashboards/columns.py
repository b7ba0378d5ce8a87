"""Say how columns of tables look, and where their cells lead."""

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

_KEPT = ("datasource", "environment", "page", "docs")

_GOOD_TIME, _LITTLE_TIME, _NO_TIME = "text", "orange", "red"


def transformed(by: str, **options: object) -> DataTransformerConfig:
    """Change answers before they are shown."""
    return DataTransformerConfig(id_val=by, options=options)


def unit(name: str) -> DynamicConfigValue:
    """Give a column a unit."""
    return DynamicConfigValue("unit", name)


def wide(pixels: int) -> DynamicConfigValue:
    """Give a column its width."""
    return DynamicConfigValue("custom.width", pixels)


def bar() -> list[DynamicConfigValue]:
    """Show the values of a column as bars."""
    options = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    return [
        DynamicConfigValue("custom.cellOptions", options),
        DynamicConfigValue("min", 0),
        DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "blue"}),
    ]


def running_out(days: int) -> list[DynamicConfigValue]:
    """Colour days that remain: few, and none."""
    steps = [
        {"value": None, "color": _NO_TIME},
        {"value": 0, "color": _LITTLE_TIME},
        {"value": days, "color": _GOOD_TIME},
    ]
    return [
        unit("d"),
        DynamicConfigValue("decimals", 0),
        DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
        DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps}),
    ]


def link(title: str, uid: str, variable: str) -> DynamicConfigValue:
    """Link a cell to a dashboard with its value chosen there, and a legacy path to its page too."""
    kept = "&".join(f"${{{name}:queryparam}}" for name in (*_KEPT, "service"))
    if variable != "rule":
        kept = "&".join(f"${{{name}:queryparam}}" for name in (*_KEPT, "rule"))
    value = "${__value.raw:percentencode}"
    url = f"/d/{uid}?${{__url_time_range}}&{kept}&var-{variable}={value}"
    links: list[dict[str, object]] = [{"title": title, "url": url}]
    if variable == "rule":
        page = f"${{page}}/rules/{value}"
        links.append({"title": "Its page: verdict, callers", "url": page, "targetBlank": True})
    return DynamicConfigValue("links", links)
