"""Begin dashboards, let people choose what they show, and lay panels out on them."""

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.panels import Shown

TAG: Final = "deprecated-imports"


def source(plugin: str) -> DataSourceRef:
    """Refer to the data source that is chosen at the top of the dashboard."""
    return DataSourceRef(type_val=plugin, uid="${datasource}")


def chosen_source(plugin: str, label: str) -> dashboard.DatasourceVariable:
    """Let the data source be chosen."""
    return dashboard.DatasourceVariable("datasource").label(label).type(plugin)


def chosen(  # noqa: PLR0913 - what makes a variable differ from the next one
    name: str,
    label: str,
    description: str,
    query: str | dict[str, object],
    *,
    of: DataSourceRef,
    all_value: str = "",
) -> dashboard.QueryVariable:
    """Let one, some or all of something be chosen.

    Args:
        name: what queries call it.
        label: what people call it.
        description: what it does.
        query: what gives the values to choose from.
        of: the data source.
        all_value: what "All" stands for, if not for all values that there are.

    """
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    variable = (
        dashboard.QueryVariable(name)
        .label(label)
        .description(description)
        .query(query)
        .datasource(of)
        .multi(True)
        .include_all(True)
        .current(everything)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    return variable.all_value(all_value) if all_value else variable


def addresses() -> list[dashboard.TextBoxVariable]:
    """Return the variables for where links lead: enforcer's own page, and its documentation."""
    return [
        dashboard.TextBoxVariable("page")
        .label("Page")
        .description("Address of `enforcer dashboard`, which links of legacy paths lead to.")
        .default_value("http://127.0.0.1:8765"),
        dashboard.TextBoxVariable("docs")
        .label("Documentation")
        .description("Address of enforcer's docs.")
        .default_value("https://github.com/OWNER/enforcer/blob/main/docs"),
    ]


def board(
    uid: str, title: str, description: str, *, tags: Sequence[str] = (), since: str
) -> dashboard.Dashboard:
    """Begin a dashboard.

    Args:
        uid: what stands in its address.
        title: its title.
        description: what it answers.
        tags: more tags than :data:`TAG`.
        since: where its time range begins at first, such as ``now-7d``.

    """
    others = (
        dashboard.DashboardLink("Deprecated imports")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
        .include_vars(True)
    )
    messages = (
        dashboard.DashboardLink("What messages mean")
        .type(DashboardLinkType.LINK)
        .icon("doc")
        .url("${docs}/messages.md")
        .target_blank(True)
    )
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG, *tags])
        .time(since, "now")
        .timezone("browser")
        .refresh("5m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .editable()
        .link(others)
        .link(messages)
    )


def lay_out(
    under: dashboard.Dashboard, parts: Mapping[str, Sequence[Shown]]
) -> dashboard.Dashboard:
    """Put panels on a dashboard, below the headings they belong to; the first may have none."""
    identity = 0
    for heading, panels in parts.items():
        if heading:
            identity += 1
            under = under.with_row(dashboard.Row(heading).id(identity))
        for panel in panels:
            identity += 1
            panel.build().id_val = identity
            under = under.with_panel(panel)
    return under
