"""Images in HTML for the review page, and the files a browser loads for them."""

from collections.abc import Mapping
from html import escape
from typing import Any

from pipeline.modalities.protocols.show import Content

SMALL_UP_TO = 160  # pixels; larger images are always smooth
JPEG = b"\xff\xd8"


def html(content: Content, about: Mapping[str, Any]) -> str:
    width, height = about["width"], about["height"]
    if width is None or height is None:
        return '<span class="caption">no image</span>'
    kind = "image small" if max(width, height) <= SMALL_UP_TO else "image"
    return (
        f'<img class="{kind}" src="{escape(about["address"])}" width="{width:d}" '
        f'height="{height:d}" alt="image {escape(about["id"])}" draggable="false">'
    )


def pair_html(
    content: Content,
    about: Mapping[str, Any],
    twin_content: Content,
    twin_about: Mapping[str, Any],
) -> str:
    halves = (
        f'<div class="half">{html(content, about)}'
        f'<span class="caption">{escape(about["caption"])}</span></div>'
        for content, about in ((content, about), (twin_content, twin_about))
    )
    return f'<div class="pair">{"".join(halves)}</div>'


def size(about: Mapping[str, Any]) -> str:
    return f"{about['width']} × {about['height']}" if about["width"] else ""


def media(content: Content) -> tuple[str, bytes] | None:
    """Content type and bytes of an image; data/raw has JPEGs and PNGs."""
    image: bytes | None = content["image"]
    if image is None:
        return None
    return ("image/jpeg" if image.startswith(JPEG) else "image/png"), image
