"""Read the commands of a page of the documentation, and what the page shows after them."""

import re


def blocks(page: str) -> list[list[tuple[str, list[str]]]]:
    """Return the commands of each block, with the lines that the page shows after them."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        commands: list[tuple[str, list[str]]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            elif line == ">" or line.startswith("> "):
                command, shown = commands[-1]
                commands[-1] = f"{command}\n{line[2:]}", shown
            else:
                commands[-1][1].append(line)
        found.append(commands)
    return found


def shows(output: str, shown: list[str]) -> bool:
    """Return whether an output is what the page shows, where `…` stands for anything."""
    pattern = "\n".join(re.escape(line).replace("…", ".*") for line in shown)
    whole = f"(?s:{pattern})" if shown else ".*"
    return re.fullmatch(whole, output.strip("\n").replace("\n\n", "\n"), re.DOTALL) is not None
