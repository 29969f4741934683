"""Small campaigns on a ladder for tests: three functions of two variables, each nearer to the truth and dearer."""

from tests.campaigns.trial_campaigns import write

MODULE = """
from pathlib import Path

HERE = Path(__file__).parent

def count(name):
    with open(HERE / name, "a") as file:
        file.write("x")

def truth(v):
    return {"a": (v["x"] - 0.3) ** 2 + v["y"], "b": (v["y"] - 0.7) ** 2 + v["x"]}

def low(v):
    count("low")
    return {"a": 0.8 * truth(v)["a"] + 0.3, "a_std": 0.01, "b": 0.9 * truth(v)["b"] - 0.2}

def middle(v):
    count("middle")
    return {name: value + 0.1 for name, value in truth(v).items()}

def high(v):
    count("high")
    return truth(v)

def fragile(v):
    count("high")
    return truth(v) if v["x"] < 0.5 else 1 / 0

def price(v):
    count("price")
    return {"c": v["x"] + v["y"]}

def noisy(v, rng):
    count("high")
    return {"a": truth(v)["a"] + 0.01 * rng.normal(), "a_std": 0.01, "b": truth(v)["b"]}
"""
BOTH = ["a", "b"]


def rung(name, function=None, **more):
    """An oracle of the module above that returns a and b."""
    return {"name": name, "use": "python", "function": f"rungs:{function or name}", "properties": BOTH, **more}


def climb(folder, names=("low", "high"), **sections):
    """A campaign file with a ladder of these rungs under gates that a quarter passes."""
    (folder / "rungs.py").parent.mkdir(parents=True, exist_ok=True)
    (folder / "rungs.py").write_text(MODULE)
    content = {"oracles": [rung(name) for name in names], "fidelity": {"policy": "gates"}, **sections}
    return write(folder, **content)


def asked(folder, name):
    """How often a rung was asked."""
    path = folder / name
    return len(path.read_text()) if path.exists() else 0
