"""Compare the model's run of a world with the real one."""

# The enforcer's own decisions to let legacy code answer; the model knows nothing of them.
UNDECIDED = ("implementation", "fallback")


def differences(model, real, places):
    """List what differs between two runs, in words.

    Args:
        model: what happened in the model's run.
        real: what happened with the enforcer enabled.
        places: site → its file and line in the real run.

    """
    for name, run in (("model", model), ("real", real)):
        if "crash" in run:
            return [f"the {name} run crashed: {run['crash']}"]
    if model["undecided"] or any(kind in UNDECIDED for kind, _, _ in real["notices"]):
        return []
    found = [f"notice {kind}: {text}" for kind, _, text in real["notices"] if kind == "blind"]
    for number, (one, other) in enumerate(zip(model["log"], real["log"], strict=False)):
        if one != other:
            found.append(f"event {number}: model {one}, real {other}")
            break
    else:
        if len(model["log"]) != len(real["log"]):
            found.append(f"{len(model['log'])} events in the model, {len(real['log'])} in reality")
    found += [f"alias {name} shows another namespace" for name in real["aliases"]]
    if not found:
        found += _states(model["state"], real["state"])
        found += _counts(model["expected"], real["uses"], places)
    return found


def _states(model, real):
    found = []
    for name in sorted({*model, *real}):
        one, other = model.get(name), real.get(name)
        if one != other:
            found.append(f"module {name}: model {one}, real {other}")
    return found


def _counts(expected, uses, places):
    counted = {}
    for path, file, line, count in uses:
        key = (path, file, line)
        counted[key] = counted.get(key, 0) + count
    found = []
    for key, (least, most) in expected.items():
        site, _, path = key.partition(" ")
        count = counted.pop((path, *places[int(site)]), 0)
        if not least <= count <= most:
            wanted = least if least == most else f"{least} to {most}"
            found.append(f"site {site}, {path}: {count} uses recorded, {wanted} made")
    found += [
        f"{count} uses of {path} at {file}:{line} that nobody made"
        for (path, file, line), count in counted.items()
    ]
    return found
