"""Run generated worlds, each in two processes forked from this warm one, and compare.

Reads one world a line, as JSON, and answers each with a line: the list of what differs.
Usage: ``python zygote.py FOLDER``, with a folder for the worlds' files.
"""

import json
import os
import shutil
import sys
import traceback

from comparing import differences
from rendering import Renderer
from running import execute

import enforcer
import enforcer.rules.loader
from enforcer.runtime.imports import watch
from enforcer.rules.mistakes import MapError


def in_child(run):
    """Give what a function gives in a forked process."""
    source, sink = os.pipe()
    child = os.fork()
    if not child:
        os.close(source)
        try:
            answer = run()
        except BaseException:
            answer = {"crash": traceback.format_exc()}
        with os.fdopen(sink, "w", encoding="utf-8") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(sink)
    with os.fdopen(source, encoding="utf-8") as pipe:
        text = pipe.read()
    status = os.waitpid(child, 0)[1]
    return json.loads(text) if text else {"crash": f"ended with status {status}"}


def compare(world, folder):
    """Give what differs between the model's run of a world and the real one."""
    runs = {}
    shutil.rmtree(folder, ignore_errors=True)
    for kind in ("model", "real"):
        place = os.path.join(folder, kind)
        os.makedirs(place)
        renderer = Renderer(world, place, real=kind == "real")
        renderer.write()
        if kind == "real":
            try:
                enforcer.rules.loader.load_map(f"{place}/enforcer.toml")
            except MapError as error:
                return {"refused": str(error)}
        runs[kind] = in_child(
            lambda r=renderer, p=place, k=kind: execute(world, r.sites, p, real=k == "real")
        )
    found = differences(runs["model"], runs["real"], renderer.places)
    expected = runs["model"].get("expected", {}).values()
    return {"differences": found, "uses": sum(least for least, _ in expected)}


def main():
    folder = sys.argv[1]
    for line in sys.stdin:
        answer = compare(json.loads(line), os.path.join(folder, "world"))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
