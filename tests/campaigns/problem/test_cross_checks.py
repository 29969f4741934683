"""Parts that do not fit each other are refused before anything runs."""

import re

import pytest

from eutectic.campaigns.campaign import Campaign
from eutectic.campaigns.errors import CampaignFileError
from eutectic.campaigns.file.spec import CampaignSpec
from eutectic.campaigns.problem.build import build


@pytest.mark.parametrize(
    ("part", "goal"),
    [
        ("{use: screens}", "density_g_per_cm3"),
        ("{use: mlip, calculator: emt}", "bulk_modulus_gpa"),
        ("{use: lammps_alloy}", "bulk_modulus_gpa"),
    ],
)
def test_an_oracle_of_materials_is_refused_where_candidates_have_no_composition(tmp_path, part, goal):
    (tmp_path / "campaign.yaml").write_text(
        "name: a\nspace: {use: parameters, variables: {Fe: [0, 1], x: [0, 1]}}\n"
        f"objectives: {{{goal}: minimize}}\noracles: [{part}]\noptimizers: [{{use: sobol}}]\n"
        "budget: {evaluations: 2}\n"
    )
    spec = CampaignSpec.from_file(tmp_path / "campaign.yaml")
    with pytest.raises(CampaignFileError, match=r"oracles\.0: '.*' needs materials.*`product`"):
        build(spec, tmp_path, engines=False)


def test_an_unknown_property_names_the_oracle_that_would_return_it(tmp_path):
    content = {
        "name": "alloy",
        "space": {"use": "composition", "elements": {"Cu": [0, 1], "Ni": [0, 1]}},
        "objectives": {"hardness": "maximize"},
        "constraints": {"price_usd_per_kg": {"max": 9}},
        "oracles": [{"use": "person", "properties": ["hardness"]}],
        "optimizers": [{"use": "sobol"}],
        "budget": {"evaluations": 4},
    }
    with pytest.raises(CampaignFileError, match=re.escape("{use: screens} among the oracles would return it; ")):
        Campaign.from_dict(content, tmp_path / "run")
