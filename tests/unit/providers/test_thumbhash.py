"""Placeholders are what the reference makes of the same pictures."""

from __future__ import annotations

import pytest
from PIL import Image

from chatserver.providers.media.thumbhash import thumbhash


def picture(width: int, height: int) -> Image.Image:
    made = Image.new("RGBA", (width, height))
    made.putdata(
        [
            (x * 255 // width, y * 255 // height, x * y % 256, 255)
            for y in range(height)
            for x in range(width)
        ]
    )
    return made


# by npm's thumbhash 0.1.1
@pytest.mark.parametrize(
    ("width", "height", "hashed"),
    [
        (32, 24, "3AgOHZpgdodwiIiGiGeIh/OkD/iH"),
        (20, 32, "3PgNHBpgBodoiIZ3eHf1lA/3eA=="),
        (32, 7, "FxoOEpqAh4eAiIiIggQI+Hg="),
        (1, 1, "AAgCBwAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ],
)
def test_it_is_the_reference_s(width: int, height: int, hashed: str) -> None:
    assert thumbhash(picture(width, height)) == hashed


def test_a_large_picture_costs_no_more() -> None:
    assert len(thumbhash(Image.new("RGB", (3000, 2000), (200, 10, 10)))) < 40
