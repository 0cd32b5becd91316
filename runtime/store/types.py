"""Column types that mean the same on every database."""

from typing import Any

from sqlalchemy import Dialect, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine


class Name(TypeDecorator[str]):
    """Text that identifies, up to `length` characters: compared byte by byte.

    On MariaDB it carries a binary collation without padding, so that ids which differ only in case, a trailing blank or
    a four-byte character stay different.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MariaDB needs to be told; elsewhere text compares byte by byte as it is."""
        if dialect.name in ("mysql", "mariadb"):
            assert isinstance(self.impl_instance, String)
            return mysql.VARCHAR(self.impl_instance.length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
        return self.impl_instance


class Body(TypeDecorator[str]):
    """Text without a practical limit, mostly JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MariaDB's TEXT ends at 64 KiB."""
        if dialect.name in ("mysql", "mariadb"):
            return mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin")
        return self.impl_instance


class Bytes(TypeDecorator[bytes]):
    """Bytes as they are, up to some hundred KiB a value."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MariaDB's BLOB ends at 64 KiB."""
        if dialect.name in ("mysql", "mariadb"):
            return mysql.MEDIUMBLOB()
        return self.impl_instance
