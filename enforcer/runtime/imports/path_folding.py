"""Replace parts of a file name that can't repeat by a wildcard.

Code that is generated while a program runs is compiled under a name with a counter, an address or
a hash (``<string-17>``), and unpacked code is in a folder with a random name. Unfolded, each
process would add call sites of its own to the store, and the next process would match none.
"""

FOLDED = "*"
"""The wildcard."""

_TEMPORARY = ("/tmp/", "/temp/", "/var/folders/", "/dev/shm/")  # noqa: S108 - names to look for
_HEX = frozenset("0123456789abcdefABCDEF")
_RANDOM = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_LEAST_HASH = 8
_LEAST_DIGEST = 32
_RANDOM_CHARACTERS = 8
_DASHES_OF_UUID = (8, 13, 18, 23)
_LENGTH_OF_UUID = 36


def fold_label(label: str) -> str:
    """Return a name in angle brackets with numbers, addresses and hashes replaced."""
    return _fold_words(label, _LEAST_HASH)


def fold_path(path: str) -> str:
    """Return an absolute path with random folder names replaced by the wildcard.

    Random are UUIDs and digests anywhere, and in folders for temporary files the suffix that
    ``tempfile`` appends: eight characters after ``tmp``, or after a dash or a dot if not all of
    them are letters.
    """
    lowered = path.lower()
    begin = min((lowered.find(folder) for folder in _TEMPORARY if folder in lowered), default=-1)
    folders = path.split("/")
    position = 0
    for index, name in enumerate(folders[:-1]):
        is_temporary = 0 <= begin < position
        folders[index] = _fold_folder(name, is_temporary=is_temporary)
        position += len(name) + 1
    return "/".join(folders)


def _fold_folder(name: str, *, is_temporary: bool) -> str:
    if _is_uuid(name):
        return FOLDED
    if is_temporary:
        begin, random = name[:-_RANDOM_CHARACTERS], name[-_RANDOM_CHARACTERS:]
        # After a dash eight letters may be a word, as in "site-packages".
        is_marked = begin.endswith(("-", ".")) and not random.isalpha()
        if (begin == "tmp" or is_marked) and _RANDOM.issuperset(random):
            return f"{begin}{FOLDED}"
    if len(name) > _LENGTH_OF_UUID and _is_uuid(name[-_LENGTH_OF_UUID:]):
        return f"{name[:-_LENGTH_OF_UUID]}{FOLDED}"
    return _fold_words(name, _LEAST_DIGEST, numbers=False)


def _is_uuid(name: str) -> bool:
    if len(name) != _LENGTH_OF_UUID or any(name[index] != "-" for index in _DASHES_OF_UUID):
        return False
    return _HEX.issuperset(name.replace("-", ""))


def _fold_words(text: str, shortest: int, *, numbers: bool = True) -> str:
    """Replace words that are numbers, addresses or hashes of a minimum length."""
    parts: list[str] = []
    word = ""
    for char in f"{text} ":
        if char.isalnum():
            word += char
            continue
        parts += (FOLDED if _is_unique(word, shortest, numbers=numbers) else word, char)
        word = ""
    return "".join(parts)[:-1]


def _is_unique(word: str, shortest: int, *, numbers: bool) -> bool:
    if numbers and (word.isdecimal() or word.startswith("0x")):
        return True
    has_digit = any(char.isdecimal() for char in word)
    return len(word) >= shortest and has_digit and _HEX.issuperset(word)
