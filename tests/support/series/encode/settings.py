from pipeline.runtime.settings import Settings


class AugmentFields(Settings):
    noise: float = 0.0
