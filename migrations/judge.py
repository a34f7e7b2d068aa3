"""Which statements of a migration would stop people who work meanwhile, on PostgreSQL. Tests ask it about every new step."""

import re

_TABLE = r'(?:IF (?:NOT )?EXISTS )?(?:ONLY )?"?(\w+)"?'
_RULES = (
    (rf"^ALTER TABLE {_TABLE} DROP COLUMN", "contract: a program that is still running reads this column"),
    (rf"^DROP TABLE {_TABLE}", "contract: a program that is still running reads this table"),
    (rf"^ALTER TABLE {_TABLE} RENAME", "a program that is still running knows the old name: add, backfill, contract"),
    (rf"^ALTER TABLE {_TABLE} ALTER COLUMN \S+ (?:SET DATA )?TYPE", "it writes the whole table anew: add, backfill, contract"),
    (
        rf"^ALTER TABLE {_TABLE} ALTER COLUMN \S+ SET NOT NULL",
        "it reads the whole table, locked: online.add_check(… IS NOT NULL) first, then this in a contract step",
    ),
    (rf"^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)(?:IF NOT EXISTS )?\S+ ON {_TABLE}", "use online.create_index"),
    (rf"^ALTER TABLE {_TABLE} ADD COLUMN .*NOT NULL(?!.*DEFAULT)(?<!DEFAULT)", "a program that is still running gives it no value: a server_default"),
    (rf"^ALTER TABLE {_TABLE} ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY)", "use online.create_index(unique=True)"),
    (rf"^ALTER TABLE {_TABLE} ADD (?:CONSTRAINT \S+ )?(?:CHECK|FOREIGN KEY)(?!.*NOT VALID)", "use online.add_check, online.add_foreign_key"),
    (r"^(?:LOCK|CLUSTER|VACUUM FULL|REINDEX(?! .*CONCURRENTLY))\b()", "it stops everybody"),
)  # fmt: skip
#: what a step may do that says it is the last of three: `contract = "since 0012 nothing reads it"`
_OF_A_CONTRACT = ("contract:", "it reads the whole table, locked")


def objections(statements: list[str], *, contract: str = "") -> list[str]:
    """What is wrong with these statements of one step, in their order; those about tables that it made itself are fine."""
    made: set[str] = set()
    found = []
    for statement in statements:
        line = " ".join(statement.split())
        if new := re.match(rf"CREATE TABLE {_TABLE}", line, re.IGNORECASE):
            made.add(new[1])
            continue
        for pattern, why in _RULES:
            match = re.match(pattern, line, re.IGNORECASE)
            if match is None or match[1] in made or (contract and why.startswith(_OF_A_CONTRACT)):
                continue
            # A column that must have a value may stand with its default on either side of it.
            if "ADD COLUMN" in pattern and "DEFAULT" in line.upper():
                continue
            found.append(f"{line[:120]}: {why}")
    return found
