"""Units at the end of names: right, or the name as it is written."""

import ast
import re
from pathlib import Path

import pint
import pytest

import eutectic
from eutectic.campaigns.analysis.labels import label, quantity
from eutectic.campaigns.analysis.units import FULL, POWERS, SYMBOLS, symbol

ROOT = Path(eutectic.__file__).resolve().parent


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("diffusivity_um2_per_s", "Diffusivity (µm²/s)"),
        ("seebeck_uv_per_k", "Seebeck (µV/K)"),
        ("strain_rate_per_s", "Strain rate (1/s)"),
        ("expansion_per_k", "Expansion (1/K)"),
        ("mobility_cm2_per_v_per_s", "Mobility (cm²/(V·s))"),
        ("mobility_cm2_per_v_s", "Mobility (cm²/(V·s))"),
        ("field_kv_per_cm", "Field (kV/cm)"),
        ("power_factor_uw_per_cm_k2", "Power factor (µW/(cm·K²))"),
        ("thermal_conductivity_w_per_m_k", "Thermal conductivity (W/(m·K))"),
        ("carrier_density_per_cm3", "Carrier density (1/cm³)"),
        ("capacity_mah_per_g", "Capacity (mAh/g)"),
        ("capacitance_f_per_g", "Capacitance (F/g)"),
        ("concentration_mmol_per_l", "Concentration (mmol/L)"),
        ("concentration_ug_per_ml", "Concentration (µg/mL)"),
        ("flow_ml_per_min", "Flow (mL/min)"),
        ("heating_rate_k_per_min", "Heating rate (K/min)"),
        ("resistivity_uohm_cm", "Resistivity (µΩ·cm)"),
        ("coercivity_koe", "Coercivity (kOe)"),
        ("spin_speed_rpm", "Spin speed (rpm)"),
        ("hardness_hv", "Hardness (HV)"),
        ("toughness_mpa_sqrt_m", "Toughness (MPa·√m)"),
        ("toughness_mpa_m0_5", "Toughness (MPa·√m)"),
        ("toughness_MPa_m05", "Toughness (MPa·√m)"),
        ("hardness_hrc", "Hardness (HRC)"),
        ("hardness_hbw", "Hardness (HBW)"),
        ("temperature_celsius", "Temperature (°C)"),
        ("temperature_degc", "Temperature (°C)"),
        ("temperature_deg_c", "Temperature (°C)"),
        ("conductivity_MS_per_m", "Conductivity (MS/m)"),
        ("conductivity_megasiemens_per_m", "Conductivity (MS/m)"),
        ("oxygen_ppm", "Oxygen (ppm)"),
        ("volume_l", "Volume (L)"),
        ("current_density_ma_per_cm2", "Current density (mA/cm²)"),
        ("conductivity_percent_iacs", "Conductivity (% IACS)"),
        ("content_wt_percent", "Content (wt.%)"),
        ("content_at_percent", "Content (at.%)"),
        ("yield_mol_percent", "Yield (mol%)"),
        ("bulk_modulus_GPa", "Bulk modulus (GPa)"),
        ("viscosity_mPa_s", "Viscosity (mPa·s)"),
        ("conductivity_S_per_cm", "Conductivity (S/cm)"),
        ("heat_MJ_per_kg", "Heat (MJ/kg)"),
        ("pressure_kilopascal", "Pressure (kPa)"),
        ("gap_electronvolt", "Gap (eV)"),
        ("rate_constant_per_s", "Rate constant (1/s)"),
        ("acceleration_m_per_s2", "Acceleration (m/s²)"),
        ("energy_per_atom", "Energy per atom"),
        ("cost_per_day", "Cost per day"),
        ("price_per_kg", "Price per kg"),
        ("torque_n_m", "Torque (N·m)"),
        ("resistance_ohm_cm2", "Resistance (Ω·cm²)"),
        ("stiffness_gpa_cm3_per_g", "Stiffness (GPa·cm³/g)"),
        ("viscosity_cp", "Viscosity (cP)"),
        ("annealing_time_min", "Annealing time (min)"),
        ("current_a", "Current (A)"),
        ("porosity_vol_pct", "Porosity (vol.%)"),
        ("electrons_per_site", "Electrons per site"),
    ],
)
def test_compound_units_are_read_whole(name: str, shown: str) -> None:
    assert label(name) == shown


@pytest.mark.parametrize(
    "name",
    [
        "viscosity_mpa_s",
        "conductivity_s_per_cm",
        "conductivity_ms_per_cm",
        "breakdown_mv_per_cm",
        "specific_energy_mj_per_kg",
        "heating_rate_c_per_min",
        "force_ev_per_a",
        "diffusivity_foo2_per_s",
        "diffusivity_um2_per_zork",
        "flux_per_per_s",
        "growth_nm_per_",
        "density_g_cm3",
        "cooling_rate_k_s",
        "scan_speed_mm_s",
        "surface_area_m2_g",
        "barrier_kj_mol",
        "capacity_mah_g",
        "stress_n_mm2",
        "stiffness_n_m",
        "conductivity_w_m_k",
        "conductivity_w_m_per_k",
        "lattice_a",
        "length_l",
        "width_w",
        "band_gap_min",
        "content_na",
        "fraction_mn",
        "heat_capacity_cp",
        "molarity_mm",
    ],
)
def test_a_name_that_cannot_be_read_for_sure_is_shown_as_written(name: str) -> None:
    assert quantity(name) == (name, "")


def returned() -> list[str]:
    """Every name with a unit that an oracle's source spells."""
    names = set[str]()
    for path in (ROOT / "oracles").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                ends = r"gpa|ev|k|angstrom|percent|usd|thz|mev|per_[a-z0-9_]+|celsius"
                names |= {node.value} & set(re.findall(rf"[a-z][a-z0-9_]*_(?:{ends})", node.value))
    return sorted(names)


def test_every_name_that_the_product_returns_has_its_unit() -> None:
    names = [name for name in returned() if name not in ("energy_per_atom", "formation_energy_per_atom")]
    assert len(names) > 30
    assert not [name for name in names if not quantity(name)[1] and "bohr_magnetons" not in name]


def test_printed_symbols_are_units_that_pint_knows() -> None:
    registry = pint.UnitRegistry()
    for line in ("USD = [money]", "EUR = 1 * USD", "GBP = 1 * USD", "atom = [atom]", "sccm = 1 mL/min", "ppb = 1e-9"):
        registry.define(line)
    registry.define("Torr = torr")
    own = {
        "HV",
        "HK",
        "HRA",
        "HRB",
        "HRC",
        "HB",
        "HBW",
        "emu",
        "μB",
        "f.u.",
        "Ha",
        "°",
        "%",
        "cP",
        "D",
        "a₀",
        "Ry",
    }  # or of ours
    for token, shown in SYMBOLS.items():
        if shown not in own:
            assert registry.Unit(shown.replace("Ω", "ohm").replace("Torr", "torr").replace("°C", "degC")) is not None, (
                token
            )


def test_tokens_with_a_power_are_known_without_it() -> None:
    assert set(SYMBOLS) >= POWERS
    assert symbol("cm3") == "cm³"
    assert FULL.fullmatch("micrometer")
    assert symbol("micrometer") == "µm"
