"""Run the command line as ``python -m enforcer``."""

from enforcer.cli.main import main

if __name__ == "__main__":
    main(prog_name="enforcer")
