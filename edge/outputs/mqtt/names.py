"""Names in topics and in Home Assistant's ids, which may consist of letters, digits, `_` and `-` only."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable


def slugs(names: Iterable[str]) -> dict[str, str]:
    """A name for topics and ids for each of some names; no two are the same.

    Args:
        names: of labels or sources. Which others there are matters only where two would be called the same.

    >>> slugs(["Dog bark", "Café", "犬"])
    {'Dog bark': 'dog_bark', 'Café': 'cafe', '犬': '1e82f9'}
    """
    plain = {name: slug(name) for name in names}
    taken = Counter(plain.values())
    return {
        name: short if short and taken[short] == 1 else f"{short}_{_digest(name)}".lstrip("_")
        for name, short in plain.items()
    }


def slug(name: str) -> str:
    """A name in lower-case ASCII letters, digits and `_`; empty if it has none of them."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_name.lower()).strip("_")[:64]


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:6]
