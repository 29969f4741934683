"""This file is the guard of a property's meaning: values computed under different settings are never put together."""

from collections.abc import Iterable

from eutectic.campaigns.errors import CampaignFolderError
from eutectic.campaigns.problem.definition import Problem
from eutectic.campaigns.record.fold import Record
from eutectic.campaigns.record.outcomes import Outcome
from eutectic.generators.abilities import origin


def require_same(problem: Problem, record: "Record") -> None:
    """CampaignFolderError when an oracle that has given values is not what it was: its options, or a file of its."""
    for named in problem.oracles:
        before = record.settings.get(named.name)
        if before is not None and before != named.settings_hash and before not in named.earlier:
            raise CampaignFolderError(
                f"'{named.name}' has changed since it gave this campaign its values (settings {before[:16]}, now "
                f"{named.settings_hash[:16]}): a file it reads, such as a potential, a table or a module, is not what "
                "it was, and values of both cannot be compared. Restore the file, or begin a new campaign"
            )
    require_same_decoder(problem, (candidate.origin for candidate in record.candidates.values()))


def require_same_decoder(problem: Problem, before: Iterable[str]) -> None:
    """CampaignFolderError when the space's coordinates are decoded by another autoencoder than before.

    before: the origins of the candidates proposed so far.
    """
    decoder = origin(problem.generator)
    origins = {*before} if decoder else set[str]()
    others = sorted(o for o in origins if o.startswith(f"{decoder.partition(':')[0]}:") and o != decoder)
    if others:
        raise CampaignFolderError(
            f"latent coordinates mean other materials than before ({others[0]}, now {decoder}): the table that they "
            "are learned from, or how, is not what it was. Restore it, or begin a new campaign with this one as history"
        )


def revised(problem: Problem, record: Record) -> list[str]:
    """What has changed in how oracles compute since they gave this campaign its last values; one sentence each."""
    return [
        f"'{named.name}' has given values by an earlier version; since then {named.earlier[before]}"
        for named in problem.oracles
        if (before := record.settings.get(named.name, "")) in named.earlier
    ]


def revised_of(problem: Problem, outcome: Outcome) -> str:
    """What has changed in how an earlier campaign's candidate got its values; "" where nothing has."""
    used = {str(e.provenance.get("settings", "")).partition(":")[0] for e in outcome.evaluations}
    return "; ".join(
        f"are by an earlier version of '{named.name}'; since then {change}"
        for named in problem.oracles
        for before, change in named.earlier.items()
        if before[:16] in used
    )


def rung_of(problem: Problem, outcome: "Outcome") -> int:
    """The rung of this campaign that an earlier campaign's values of a candidate belong to, 0 without a ladder.

    The top where nothing says how they were computed. ValueError when that was with settings unknown here.
    """
    known = {h[:16]: k for k, named in enumerate(problem.oracles) for h in (named.settings_hash, *named.earlier)}
    wanted = {*problem.spec.objectives, *problem.spec.constraints}
    rungs: list[int] = []
    for e in outcome.evaluations:
        settings = str(e.provenance.get("settings", "")).partition(":")[0]
        own = [name for name in e.values if name in wanted and e.values[name] == outcome.values.get(name)]
        if not own or not settings or e.status == "failed":
            continue
        if settings not in known:
            raise ValueError(
                f"'{own[0]}' of candidate {outcome.id} was computed by '{e.oracle}' with settings that no oracle has "
                f"here ({settings}; here {', '.join(known)}): such values cannot be compared; if you know better, "
                "export that campaign as CSV and give the CSV"
            )
        rungs += [r for r in [problem.ladder.rung(known[settings])] if r is not None]
    return max(rungs, default=problem.ladder.top)


def rung_fields(problem: Problem, rung: int) -> dict[str, object]:
    """What the row of something known says of its rung; nothing where there is no ladder."""
    if not problem.ladder.rungs:
        return {}
    below = sorted(problem.ladder.properties) if rung < problem.ladder.top else []
    return {"rung": rung, "fidelity": float(rung), "provisional": below}
