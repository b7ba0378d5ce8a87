"""Make panels that look alike, whatever data source they ask.

What is asked is the business of the modules that are named after a data source.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMappingResult,
)

Query: TypeAlias = Builder[Dataquery]
Shown: TypeAlias = Builder[Panel]
Properties: TypeAlias = Mapping[str, list[DynamicConfigValue]]
"""How columns of a table look, by their names."""

LEVEL: Final = ("lastNotNull", "max")
"""What a legend tells of values that say how things stand, rather than add up."""

WIDTH: Final = 24
"""How wide a dashboard is, in Grafana's units."""

_GOOD, _CARE, _BAD, _PLAIN = "green", "orange", "red", "text"

_NO_DATA: Final = "no data"
# A value that is missing would get the colour of the lowest threshold, which is green.
_MISSING: Final = SpecialValueMap(
    DashboardSpecialValueMapOptions(
        SpecialValueMatch.NULL_AND_NAN, ValueMappingResult(text=_NO_DATA, color=_PLAIN)
    )
)


def number(  # noqa: PLR0913 - what makes a number differ from the next one
    title: str,
    description: str,
    query: Query,
    *,
    of: DataSourceRef,
    unit: str = "short",
    colour: str = _PLAIN,
    above_zero: str = "",
    span: int = WIDTH // 6,
) -> Shown:
    """Show one number.

    Args:
        title: what it counts.
        description: what it tells, and what to do about it.
        query: what gives it.
        of: the data source.
        unit: Grafana's name of its unit.
        colour: of the number.
        above_zero: its colour once it is more than nothing, if not the same.
        span: how wide it is.

    """
    steps = [Threshold(color=colour)]
    if above_zero:
        steps.append(Threshold(value=1, color=above_zero))
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(of)
        .with_target(query)
        .unit(unit)
        .no_value(_NO_DATA)
        .mappings([_MISSING])
        .color_mode(look.BigValueColorMode.VALUE)
        .graph_mode(look.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .span(span)
        .height(4)
    )


def in_time(  # noqa: PLR0913 - what makes a panel differ from the next one
    title: str,
    description: str,
    *queries: Query,
    of: DataSourceRef,
    unit: str = "short",
    stacked: bool = False,
    calculated: Sequence[str] = ("sum", "max"),
    every: str = "",
    name: str = "",
    span: int = WIDTH // 2,
) -> Shown:
    """Show values over time: bars that add up, or lines.

    Args:
        title: what is shown.
        description: what it tells.
        queries: what gives the series.
        of: the data source.
        unit: Grafana's name of the unit.
        stacked: whether to draw bars that add up.
        calculated: what the legend tells of each series.
        every: the shortest time that one value stands for, such as ``1h``.
        name: the label that names a series, where a query does not.
        span: how wide it is.

    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(of)
        .targets(list(queries))
        .unit(unit)
        .min(0)
        .decimals(0)
        .legend(
            common.VizLegendOptions()
            .display_mode(look.LegendDisplayMode.TABLE)
            .placement(look.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(list(calculated))
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(look.TooltipDisplayMode.MULTI)
            .sort(look.SortOrder.DESCENDING)
        )
        # One rule has one colour on all panels.
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .span(span)
        .height(10)
    )
    if every:
        panel = panel.interval(every)
    if name:
        panel = panel.display_name(f"${{__field.labels.{name}}}")
    if not stacked:
        return panel.line_width(2).fill_opacity(5)
    return (
        panel.draw_style(look.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .line_width(0)
        .stacking(common.StackingConfig().mode(look.StackingMode.NORMAL).group("A"))
    )


def ranking(  # noqa: PLR0913 - what makes a panel differ from the next one
    title: str,
    description: str,
    query: Query,
    *,
    of: DataSourceRef,
    rows: bool = False,
    span: int = WIDTH // 3,
) -> Shown:
    """Show who has most, as bars.

    Args:
        title: what is ranked.
        description: what it tells.
        query: what gives a value for each.
        of: the data source.
        rows: whether each row of one answer is a bar, rather than each series.
        span: how wide it is.

    """
    reduce = common.ReduceDataOptions().calcs(["lastNotNull"]).values(rows)
    if rows:
        reduce = reduce.limit(20)
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(of)
        .with_target(query)
        .unit("short")
        .no_value(_NO_DATA)
        .min(0)
        .orientation(look.VizOrientation.HORIZONTAL)
        .display_mode(look.BarGaugeDisplayMode.BASIC)
        .reduce_options(reduce)
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .span(span)
        .height(10)
    )


def rows(  # noqa: PLR0913 - what makes a table differ from the next one
    title: str,
    description: str,
    *queries: Query,
    of: DataSourceRef,
    columns: Properties,
    sort: str = "",
    transformations: Sequence[DataTransformerConfig] = (),
    span: int = WIDTH,
) -> Shown:
    """Show a table.

    Args:
        title: what its rows are.
        description: what it tells.
        queries: what gives the rows.
        of: the data source.
        columns: how some of its columns look.
        sort: the column that it is sorted by, the most first.
        transformations: what is done with the answers before they are shown.
        span: how wide it is.

    """
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(of)
        .targets(list(queries))
        .transformations(list(transformations))
        .filterable(True)
        .cell_height(look.TableCellHeight.SM)
        .no_value("nothing, or no data, in this time range")
        .span(span)
        .height(10)
    )
    if sort:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])
    for name, properties in columns.items():
        panel = panel.override_by_name(name, properties)
    return panel
