"""The bonuses there are, by their names in the settings."""

from p2e.curiosity.bonus import Bonus, NoBonus
from p2e.curiosity.elliptical_novelty import EllipticalNovelty
from p2e.curiosity.observation_disagreement import ObservationDisagreement
from p2e.curiosity.random_network_distillation import RandomNetworkDistillation
from p2e.curiosity.state_novelty import StateNovelty

BONUSES: dict[str, type[Bonus]] = {
    "none": NoBonus,
    "disagreement": ObservationDisagreement,
    "rnd": RandomNetworkDistillation,
    "novelty": StateNovelty,
    "elliptical": EllipticalNovelty,
}
