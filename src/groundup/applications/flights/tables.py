"""Names for what pandas holds. Of ``table["column"]`` pandas' types say that it is a column or a table, or neither."""

from typing import Any

Table = Any  # pandas.DataFrame
Column = Any  # pandas.Series
