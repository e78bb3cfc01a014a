"""From a case to its evidence, whatever kind of component it is."""

from groundup.compare.case import Case, InitializerCase, LayerCase, OptimizerCase, ScheduleCase
from groundup.compare.evidence import Evidence
from groundup.compare.initializer_evidence import examine_initializer
from groundup.compare.layer_evidence import examine_layer
from groundup.compare.optimizer_evidence import examine_optimizer
from groundup.compare.schedule_evidence import examine_schedule


def examine(case: Case, seed: int = 0) -> Evidence:
    """Gather all the evidence for one case."""
    match case:
        case LayerCase():
            return examine_layer(case, seed)
        case OptimizerCase():
            return examine_optimizer(case, seed)
        case ScheduleCase():
            return examine_schedule(case, seed)
        case InitializerCase():
            return examine_initializer(case, seed)
