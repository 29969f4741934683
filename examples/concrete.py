"""This file is what concrete.yaml knows of a mix before it is crushed: what it takes of cement and of time."""


def spent(values: dict[str, float]) -> dict[str, float]:
    """Cement (kg per cubic metre) and curing time (days) of one mix, from its row."""
    return {"cement_kg_per_m3": float(values["cement"]), "curing_time_days": float(values["age"])}
