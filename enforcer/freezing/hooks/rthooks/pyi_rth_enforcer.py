"""Enable by ``ENFORCER_MAP`` before a frozen program's first line: it reads no .pth file."""

import os

if os.environ.get("ENFORCER_MAP"):
    from enforcer.startup import enable_from_environment

    enable_from_environment()
