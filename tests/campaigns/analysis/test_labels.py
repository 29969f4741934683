import pytest

from eutectic.campaigns.analysis.labels import LONGEST_NAME, duration, formula, label, legal, measured, number, quantity


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("bulk_modulus_gpa", "Bulk modulus (GPa)"),
        ("unstable_stacking_fault_energy_mj_per_m2", "Unstable stacking fault energy (mJ/m²)"),
        ("lattice_constant_angstrom", "Lattice constant (Å)"),
        ("cohesive_energy_ev_per_atom", "Cohesive energy (eV/atom)"),
        ("mixing_entropy_j_per_mol_k", "Mixing entropy (J/(mol·K))"),
        ("density_g_per_cm3", "Density (g/cm³)"),
        ("charge_imbalance_e_per_atom", "Charge imbalance (e/atom)"),
        ("vector_e", "Vector e"),
        ("price_usd_per_kg", "Price (USD/kg)"),
        ("c11_gpa", "C₁₁ (GPa)"),
        ("hhi_production", "HHI production"),
        ("valence_electron_concentration", "Valence electron concentration"),
        ("atomic_size_mismatch_percent", "Atomic size mismatch (%)"),
        ("temperature_k", "Temperature (K)"),
        ("omega", "Omega"),
        ("Overpotential at 3 mA/cm2", "Overpotential at 3 mA/cm2"),
        ("Ni", "Ni"),
    ],
)
def test_a_property_is_shown_in_words_with_its_unit(name, shown):
    assert label(name) == shown


def test_a_lone_letter_that_is_no_unit_stays_a_word():
    assert quantity("vitamin_c") == ("Vitamin c", "")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (173.2345, 0.61, "173.2 ± 0.6"),
        (173.2345, 0.0, "173.2"),
        (390.4, 14.2, "390 ± 14"),
        (-0.051234, 0.0021, "−0.0512 ± 0.0021"),
        (float("nan"), 1.0, "–"),
        (None, None, "–"),
    ],
)
def test_a_measurement_is_rounded_to_its_error(value, error, text):
    assert measured(value, error) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (1234567.0, "1234567"), (9.9e9, "9.900e+09"), (0.5, "0.5")])
def test_numbers_have_four_significant_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(59.0, "59 s"), (600.0, "10 min"), (9000.0, "2.5 h"), (345600.0, "4 d")])
def test_durations_are_said_in_the_unit_a_person_would_use(seconds, text):
    assert duration(seconds) == text


def test_a_composition_becomes_a_formula_in_atomic_per_cent():
    assert formula({"Cu": 0.05, "Cr": 0.351, "Co": 0.0, "Ni": 0.599}) == "Cu5Cr35.1Ni59.9"
    assert formula({"Cu": 0.9998, "Zr": 0.0002}) == "Cu99.98Zr0.02"  # a dopant keeps its name and amount
    assert formula({"Fe": 0.5, "Ni": 0.5, "Al": 1e-14}) == "Fe50Ni50"


def test_legal_names_stay_as_they_are_and_others_never_collide():
    assert legal("best.bulk_modulus_gpa") == "best.bulk_modulus_gpa"
    assert legal("a%b") != legal("a#b")
    assert len(legal("x" * 400)) == LONGEST_NAME
    assert legal("x" * 400) != legal("x" * 401)
    assert "/" not in legal("mA/cm2")
    assert legal("") != ""
