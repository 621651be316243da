"""Columns in memory that Arrow libraries read without copying."""
from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core

if TYPE_CHECKING:
    import pandas
    import pyarrow

Fields = list[tuple[str, str]]


class Table:
    """A table in memory, as Arrow columns. Any library that supports the Arrow PyCapsule interface accepts it directly:
    ``pyarrow.table(t)``, ``polars.DataFrame(t)``, DuckDB. Its memory is shared, not copied, and never changes.

    ``rows`` are objects; a field that a row lacks is null. An iterable of lists of rows makes one table of all of them, of which only
    one list is in memory at a time. ``fields``: name and type of each column; the types are float64, int64, bool, text and time
    (seconds since 1970, UTC).
    """

    def __init__(self, rows: list[dict[str, Any]] | Iterable[list[dict[str, Any]]], fields: Fields):
        if isinstance(rows, list):
            self._core = _core.Table(json.dumps(rows), fields)
        else:
            self._core = _core.Table((json.dumps(some) for some in rows), fields)

    def __len__(self) -> int:
        return len(self._core)

    @property
    def column_names(self) -> list[str]:
        return self._core.column_names

    def view(self, name: str) -> np.ndarray:
        """The column as a read-only array over the table's own memory. Raises InputError for a column with nulls or text."""
        return self._core.view(name)

    def to_arrow(self) -> pyarrow.Table:
        """Needs pyarrow 14 or newer."""
        import pyarrow
        return pyarrow.table(self)

    def to_pandas(self, **options: Any) -> pandas.DataFrame:
        """Converts through Arrow; ``options`` are those of ``pyarrow.Table.to_pandas``."""
        return self.to_arrow().to_pandas(**{"split_blocks": True, **options})

    def __arrow_c_schema__(self) -> object:
        return self._core.__arrow_c_schema__()

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        return self._core.__arrow_c_array__(requested_schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._core.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<heretix.Table {len(self)} rows: {', '.join(self.column_names)}>"
