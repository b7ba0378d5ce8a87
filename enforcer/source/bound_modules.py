"""Names that a file binds to modules of interest, and names that it reads or binds otherwise."""

from collections.abc import Collection

from enforcer.source.interest import Interest


class BoundModules:
    """Names of one file, whatever their scope.

    A name that anything but an import binds somewhere in the file is certainly no module.

    Attributes:
        loads: the names that are read.
        rebound: the names that something other than an import binds.

    """

    def __init__(self, interest: Interest) -> None:
        self.loads: set[str] = set()
        self.rebound: set[str] = set()
        self._interest = interest
        self._imported: set[str] = set()
        self._modules: dict[str, set[str]] = {}

    @property
    def names(self) -> Collection[str]:
        """The names that an import binds to a module of interest."""
        return self._modules.keys()

    @property
    def unbound(self) -> frozenset[str]:
        """The names that are read, and that nothing binds but a star or a builtin."""
        return frozenset(self.loads - self.rebound - self._imported)

    def is_bound(self, name: str) -> bool:
        """Return whether anything binds a name."""
        return name in self.rebound or name in self._imported

    def bind(self, name: str, path: str) -> None:
        """Record that an import binds a name to a path."""
        self._imported.add(name)
        if self._interest.touches(path):
            self._modules.setdefault(name, set()).add(path)

    def paths_of(self, name: str) -> Collection[str]:
        """Return the paths that a name is certainly bound to; several if imports differ."""
        return () if name in self.rebound else self._modules.get(name, ())
