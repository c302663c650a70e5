"""Brian2's example models, and what becomes of each: the table on the site is made from this and from the ports."""

from tests.ports.coupled_ports import PORTS as COUPLED
from tests.ports.network_ports import PORTS as NETWORKS
from tests.ports.neuron_ports import PORTS as NEURONS

__all__ = ["EXAMPLES", "ported", "table"]

_COMPARTMENTS = "compartments"
_OPERATION = "Python code between steps (network_operation)"
_MORE = "compartmental/"

# "yes": as it is; "rewritten": the same model in other words; "no": and why
EXAMPLES: dict[str, tuple[str, str]] = {
    "CUBA": ("yes", ""),
    "COBAHH": ("yes", ""),
    "IF_curve_LIF": ("yes", ""),
    "IF_curve_Hodgkin_Huxley": ("yes", ""),
    "adaptive_threshold": ("yes", ""),
    "coupled_oscillators": ("rewritten", "phases are reset at 2 pi by a threshold"),
    "non_reliability": ("yes", ""),
    "phase_locking": ("yes", ""),
    "reliability": ("yes", ""),
    "advanced/COBAHH_approximated": ("yes", ""),
    "advanced/Ornstein_Uhlenbeck": ("yes", ""),
    "advanced/compare_GSL_to_conventional": ("no", "GSL integrators"),
    "advanced/custom_events": ("rewritten", "the condition of the event is the threshold; one event per neuron"),
    "advanced/exprel_function": ("yes", ""),
    "advanced/float_32_64_benchmark": ("yes", "`precision`"),
    "advanced/modelfitting_sbi": ("rewritten", "the model is a spec, trials are parameters; sbi runs outside"),
    "advanced/opencv_movie": ("rewritten", "frames of a film are a Stimulus"),
    "advanced/stochastic_odes": ("yes", ""),
    "frompapers/Brette_2004": ("yes", ""),
    "frompapers/Brette_2012": ("no", _COMPARTMENTS),
    "frompapers/Brette_Gerstner_2005": ("yes", ""),
    "frompapers/Brette_Guigon_2003": ("yes", ""),
    "frompapers/Brunel_2000": ("yes", ""),
    "frompapers/Brunel_Hakim_1999": ("yes", ""),
    "frompapers/Brunel_Wang_2001": ("yes", ""),
    "frompapers/Clopath_et_al_2010_homeostasis": (
        "rewritten",
        "membranes are filtered in the synapse, and are not raised by a spike",
    ),
    "frompapers/Clopath_et_al_2010_no_homeostasis": ("rewritten", "membranes are filtered in the synapse"),
    "frompapers/Destexhe_et_al_1998": ("no", _COMPARTMENTS),
    "frompapers/Diehl_Cook_2015": ("rewritten", "normalization of weights and labels between phases, in Python"),
    "frompapers/Diesmann_et_al_1999": ("yes", ""),
    "frompapers/Golowasch_et_al_1999": ("yes", ""),
    "frompapers/Graupner_Brunel_2012": ("yes", ""),
    "frompapers/Hindmarsh_Rose_1984": ("yes", ""),
    "frompapers/Izhikevich_2003": ("yes", ""),
    "frompapers/Izhikevich_2007": ("rewritten", "reward is a spike train onto a variable of the target"),
    "frompapers/Jansen_Rit_1995_single_column": ("yes", "no spikes: traces"),
    "frompapers/Kremer_et_al_2011_barrel_cortex": ("yes", ""),
    "frompapers/Maass_Natschlaeger_Markram_2002": ("yes", ""),
    "frompapers/Morris_Lecar_1981": ("yes", ""),
    "frompapers/Naud_et_al_2008_adex_firing_patterns": ("yes", ""),
    "frompapers/Nicola_Clopath_2017": ("no", _OPERATION + ": FORCE learning"),
    "frompapers/Platkiewicz_Brette_2011": ("yes", ""),
    "frompapers/Rossant_et_al_2011bis": ("yes", ""),
    "frompapers/Rothman_Manis_2003": ("yes", ""),
    "frompapers/Rothman_Manis_2003_with_templates": ("rewritten", "templates of equations are text made in Python"),
    "frompapers/Spreizer_et_al_2019": ("yes", ""),
    "frompapers/Stimberg_et_al_2018/example_1_COBA": ("yes", ""),
    "frompapers/Stimberg_et_al_2018/example_2_gchi_astrocyte": ("yes", "no spikes: traces"),
    "frompapers/Stimberg_et_al_2018/example_3_io_synapse": ("yes", ""),
    "frompapers/Stimberg_et_al_2018/example_4_rsmean": ("yes", ""),
    "frompapers/Stimberg_et_al_2018/example_4_synrel": ("yes", ""),
    "frompapers/Stimberg_et_al_2018/example_5_astro_ring": ("yes", "no spikes: traces"),
    "frompapers/Stimberg_et_al_2018/example_6_COBA_with_astro": (
        "no",
        "synapses that are linked to variables of a third population",
    ),
    "frompapers/Stimberg_et_al_2019/example_3_bisection": ("rewritten", "the search runs outside; trials are values"),
    "frompapers/Sturzl_et_al_2000": ("yes", ""),
    "frompapers/Tetzlaff_2015": ("yes", ""),
    "frompapers/Touboul_Brette_2008": ("yes", ""),
    "frompapers/Tsodyks_Pawelzik_Markram_1998": ("yes", ""),
    "frompapers/Tsodyks_Uziel_Markram_2000": ("yes", ""),
    "frompapers/Vogels_et_al_2011": ("yes", ""),
    "frompapers/Wacongne_et_al_2012": ("no", "neurons and synapses in Python classes of its own"),
    "frompapers/Wang_2002": ("yes", ""),
    "frompapers/Wang_Buszaki_1996": ("yes", ""),
    "standalone/STDP_standalone": ("yes", ""),
    "standalone/cuba_openmp": ("yes", "`threads`"),
    "standalone/simple_case": ("yes", ""),
    "standalone/standalone_multiplerun": ("rewritten", "runs are phases"),
    "synapses/STDP": ("yes", ""),
    "synapses/continuous_interaction": ("yes", ""),
    "synapses/efficient_gaussian_connectivity": ("rewritten", "links are drawn in NumPy, or by `spatial`"),
    "synapses/gapjunctions": ("yes", ""),
    "synapses/homeostatic_stdp_at_inhibitory_synapes": ("yes", ""),
    "synapses/jeffress": ("yes", ""),
    "synapses/licklider": ("yes", ""),
    "synapses/nonlinear": ("yes", ""),
    "synapses/spatial_connections": ("rewritten", "links are drawn in NumPy, or by `spatial`"),
    "synapses/spike_based_homeostasis": ("yes", ""),
    "synapses/state_variables": ("yes", ""),
    "synapses/synapses": ("yes", ""),
    **{
        f"{_MORE}{name}": ("no", _COMPARTMENTS)
        for name in (
            "bipolar_cell",
            "bipolar_with_inputs",
            "bipolar_with_inputs2",
            "cylinder",
            "hh_with_spikes",
            "hodgkin_huxley_1952",
            "infinite_cable",
            "lfp",
            "morphotest",
            "rall",
            "spike_initiation",
        )
    },
}


def ported():
    """Examples with a port, whose spikes are compared."""
    return {port.example.split(":")[0] for port in (*NEURONS, *NETWORKS, *COUPLED)}


def table():
    """The table of the page, in Markdown."""
    rows = ["| example | here | why, or how | spikes compared |", "|---|---|---|---|"]
    equal = ported()
    rows += [
        f"| {name} | {answer} | {why} | {'equal' if name in equal else ''} |" for name, (answer, why) in sorted(EXAMPLES.items())
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
