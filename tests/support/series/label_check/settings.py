from pipeline.runtime.settings import Settings


class CleanFields(Settings):
    pass
