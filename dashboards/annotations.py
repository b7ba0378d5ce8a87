"""Mark in every graph when a version was deployed, and the days on which paths go.

Grafana's SDK knows annotations of Grafana itself. What other data sources ask for stands beside
the fields that it knows.
"""

from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationQuery, DataSourceRef

DEPLOYED, REMOVED = "Deploys", "Removal days"

_COLOURS: Final = {DEPLOYED: "blue", REMOVED: "purple"}


class _Marks(AnnotationQuery):
    """An annotation with fields that only its data source knows."""

    def __init__(self, name: str, of: DataSourceRef, fields: dict[str, object]) -> None:
        super().__init__(name=name, datasource=of, icon_color=_COLOURS[name])
        self._fields = fields

    def to_json(self) -> dict[str, object]:
        # Annotated: where the SDK is missing, its classes are of type Any.
        own: dict[str, object] = super().to_json()
        return own | self._fields


class Marks(Builder[AnnotationQuery]):
    """Builder of an annotation.

    Args:
        name: its name at the top of the dashboard, :data:`DEPLOYED` or :data:`REMOVED`.
        of: the data source.
        fields: what is asked, as the data source wants it.

    """

    def __init__(self, name: str, of: DataSourceRef, **fields: object) -> None:
        self._marks = _Marks(name, of, fields)

    def build(self) -> AnnotationQuery:
        """Return what stands in the JSON."""
        return self._marks
