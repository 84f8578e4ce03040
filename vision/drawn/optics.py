"""What the camera, its lamp and the dirt of the day do to a picture: the parameters that drift."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Optics:
    """Conditions of one capture. The defaults are a healthy station.

    light   exposure; 0.6 makes every pixel 40 % darker
    focus   1 is sharp, 0 is a blur of about eight pixels at 640 x 480
    noise   factor on the sensor's noise
    tilt    degrees by which the part lies turned, beyond its usual play
    zoom    magnification; 0.9 shows the part smaller
    ring    strength of the ring light's own reflection
    tint    colour of the light, -1 cold to 1 warm
    dust    factor on specks and lint
    oil     factor on smears and fingerprints
    """

    light: float = 1.0
    focus: float = 1.0
    noise: float = 1.0
    tilt: float = 0.0
    zoom: float = 1.0
    ring: float = 1.0
    tint: float = 0.0
    dust: float = 1.0
    oil: float = 1.0

    def __post_init__(self) -> None:
        for name in ("light", "noise", "ring", "dust", "oil"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, it must be 0 or more.")
        if not 0 <= self.focus <= 1:
            raise ValueError(f"focus is {self.focus}, it must lie in 0-1.")
        if not 0.2 <= self.zoom <= 5:
            raise ValueError(f"zoom is {self.zoom}, it must lie in 0.2-5.")


CLEAN = Optics(noise=0.5, dust=0.0, oil=0.0)
