from pipeline.runtime.settings import Settings


class EvaluateFields(Settings):
    pass
