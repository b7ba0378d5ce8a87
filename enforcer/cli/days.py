"""Option type for a number of days, such as ``14d``."""

import datetime as dt
import re
from typing import Final

import click

_SPAN: Final = re.compile(r"(\d{1,5})d")


class Days(click.ParamType[dt.timedelta]):
    """A number of days, such as ``14d``."""

    name = "days"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.timedelta:
        """Parse a value."""
        if isinstance(value, dt.timedelta):
            return value
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f'"{value}" is no number of days. Write 14d.', param, ctx)
        return dt.timedelta(days=int(found[1]))
