"""How a table of ours points at another one."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column


def fk(target: str, *, ondelete: str = "RESTRICT", index: bool = True, **more: Any) -> Any:  # noqa: ANN401 -- a column
    """A foreign key column with an explicit ON DELETE and, unless a wider index covers it, an index."""
    return mapped_column(sa.ForeignKey(target, ondelete=ondelete), index=index, **more)
