from typing import Literal

from pipeline.runtime.settings import Settings


class NetworkFields(Settings):
    model: Literal["line"]
