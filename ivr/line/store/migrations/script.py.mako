"""${message}"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
phase = "expand"  # or "contract": takes away what the version before reads or writes


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
