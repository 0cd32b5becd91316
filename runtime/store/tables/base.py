"""What every table shares."""

from typing import Any

from sqlalchemy import MetaData

from runtime.store.types import Name

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MARIADB: dict[str, Any] = {
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
    "mysql_engine": "InnoDB",
}


ULID = Name(26)
TRACE = Name(48)
KEY = Name(64)
PLACE = Name(400)  # a node with the sub-flow steps that it is in
ORDER_ID = Name(128)
