"""What a name may be: the one check for namespaces, regions, keys and actors.

Names end up in paths, prompts, URLs and two databases, so a name that any of those would
read differently is refused here, not repaired: two spellings of one name would be two
entries that a person cannot tell apart.
"""

import re
import unicodedata

from commonplace import limits
from commonplace.errors import InvalidName

SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
RESERVED = re.compile(r"_[a-z]+\Z")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]*[A-Za-z0-9_-]\Z|[A-Za-z0-9]\Z")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing: fillers, joiners, variation selectors."""


def check_name(
    name: object,
    what: str,
    *,
    max_bytes: int = limits.MAX_NAME_BYTES,
    error: type[InvalidName] = InvalidName,
) -> str:
    """Return `name` if it may be a segment, or raise `error` that says what to change.

    Guarantees: non-empty, at most `max_bytes` bytes of UTF-8, NFC, printable, without `/`
    or `\\`, not `.` or `..`, no space at either end.
    """
    text = check_key(name, what, max_bytes=max_bytes, error=error)
    if _PLAIN.match(text):
        return text
    if "/" in text or "\\" in text:
        raise error(f"{what} {text!r} holds a separator. Pass its parts one by one.")
    if text != text.strip():
        raise error(f"{what} {text!r} begins or ends with a space. Strip it.")
    return text


def check_key(
    key: object,
    what: str = "key",
    *,
    max_bytes: int = limits.MAX_KEY_BYTES,
    error: type[InvalidName] = InvalidName,
) -> str:
    """Return `key` if it may name an entry; unlike a name it may hold separators.

    `.` and `..` are refused whole: as the last step of a URL they would name something else.
    """
    if not isinstance(key, str):
        raise error(f"{what} must be a string, not {type(key).__name__}.")
    if not key:
        raise error(f"{what} is empty. Give it a name.")
    if len(key) <= max_bytes and _PLAIN.match(key):
        return str.__str__(key)
    size = len(key.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise error(
            f"{what} is {size} bytes long, {size - max_bytes} more than the limit of {max_bytes}."
        )
    if key in {".", ".."}:
        raise error(f"{what} {key!r} is a path step, not a name.")
    if any("\ud800" <= character <= "\udfff" for character in key):
        raise error(f"{what} {key!r} holds a lone surrogate, which is no text.")
    if not unicodedata.is_normalized("NFC", key):
        normal = unicodedata.normalize("NFC", key)
        raise error(f"{what} {key!r} is not in Unicode form NFC. Use {normal!r}.")
    for character in key:
        category = unicodedata.category(character)
        if category in _UNSAFE_CATEGORIES or _BLANK.match(character):
            raise error(f"{what} {key!r} holds U+{ord(character):04X}, which cannot be seen.")
        if category == "Zs" and character != " ":
            raise error(
                f"{what} {key!r} holds U+{ord(character):04X}, which looks like a space. Use one."
            )
    return str.__str__(key)


def check_region(region: object) -> str:
    """Return `region` if it is a slug a user may choose (`A-Za-z0-9._-`)."""
    text = check_name(region, "region")
    if not SLUG.match(text):
        raise InvalidName(
            f"region {text!r} is not a slug: letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit."
        )
    return text
