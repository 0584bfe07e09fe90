"""Operations on colour and sharpness, as torchvision's v2 functionals define them for uint8.

Each takes images `(N, H, W, C)` and one number for each image. Results agree with torchvision's
within one grey level: they differ where its float sums round differently.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64
from pipeline.modalities.images.content.arrays import Images

LEVELS = np.arange(256, dtype=np.float32)
RED, GREEN, BLUE = np.float32(0.2989), np.float32(0.587), np.float32(0.114)


def brightness(images: Images, factors: Float64) -> Images:
    """Multiply by the factor; 0 is black, 1 the image."""
    return look_up(images, _levels(LEVELS * factors.astype(np.float32)[:, None]))


def contrast(images: Images, factors: Float64) -> Images:
    """Stretch around the mean of the grey image; 0 is that grey, 1 the image."""
    num, height, width, _ = images.shape
    sums = grey(images).reshape(num, -1).sum(1, dtype=np.float64)  # whole numbers: exact
    means = (sums / (height * width)).astype(np.float32)[:, None]
    factor = factors.astype(np.float32)[:, None]
    return look_up(images, _levels(LEVELS * factor + means * (1 - factor)))


def saturation(images: Images, factors: Float64) -> Images:
    """Move away from the grey image; 0 is grey, 1 the image. Grey images are unchanged."""
    if images.shape[3] == 1:
        return images
    factor = factors.astype(np.float32)[:, None, None]
    remainder = grey(images)
    remainder *= 1 - factor
    saturated = np.empty_like(images)
    for channel in range(3):
        plane = images[..., channel] * factor
        plane += remainder
        saturated[..., channel] = _levels(plane)
    return saturated


def hue(images: Images, shifts: Float64) -> Images:
    """Turn the hue by a share of the circle, -0.5 to 0.5. Grey images are unchanged.

    With h the hue in sixths of the circle, a channel is `highest - span * clip(2 - d, 0, 1)`,
    where d is the distance around the circle from h to the point where this channel is lowest,
    opposite to its own hue: the conversion to HSV and back in one formula.
    """
    if images.shape[3] == 1:
        return images
    red, green, blue = (images[..., channel].astype(np.float32) for channel in range(3))
    highest = np.maximum(np.maximum(red, green), blue)
    span = highest - np.minimum(np.minimum(red, green), blue)
    per_span = 1 / np.maximum(span, 1)
    turned = (red - green) * per_span + np.float32(4)  # where blue is highest
    np.copyto(turned, (blue - red) * per_span + np.float32(2), where=highest == green)
    np.copyto(turned, (green - blue) * per_span, where=highest == red)
    turned += (6 * shifts).astype(np.float32)[:, None, None]
    turned -= 6 * np.floor(turned * np.float32(1 / 6))
    highest *= np.float32(255.999 / 255)  # how torchvision scales 0 to 1 back to 0 to 255
    span *= np.float32(255.999 / 255)
    result = np.empty_like(images)
    for channel, lowest_at in enumerate((3, 5, 1)):
        # 2 - d, without a remainder: d is 3 - |3 - |h - lowest_at||.
        share = np.abs(turned - np.float32(lowest_at))
        share -= 3
        np.abs(share, out=share)
        share -= 1
        np.minimum(share, 1, out=share)
        np.maximum(share, 0, out=share)
        share *= span
        result[..., channel] = np.subtract(highest, share, out=share)
    return result


def sharpness(images: Images, factors: Float64) -> Images:
    """Move away from a blurred image; 0 is blurred, 1 the image. The outermost pixels stay.

    The blur has weights 1 around 5, as Pillow's SMOOTH.
    """
    _, height, width, _ = images.shape
    if min(height, width) <= 2:
        return images
    wide = images.astype(np.uint16)
    rows = wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]
    blurred = (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]).astype(np.float32)
    inner = images[:, 1:-1, 1:-1].astype(np.float32)
    blurred += 4 * inner
    blurred *= np.float32(1 / 13)
    np.rint(blurred, out=blurred)
    blurred -= inner
    blurred *= (1 - factors).astype(np.float32)[:, None, None, None]
    blurred += inner
    sharpened = images.copy()
    sharpened[:, 1:-1, 1:-1] = _levels(blurred)
    return sharpened


def posterize(images: Images, bits: Float64) -> Images:
    """Keep the given number of high bits of every value, 0 to 8."""
    masks = 256 - (256 >> np.rint(bits).astype(np.intp))
    return look_up(images, (np.arange(256) & masks[:, None]).astype(np.uint8))


def solarize(images: Images, thresholds: Float64) -> Images:
    """Invert the values that reach the threshold, 0 to 255."""
    return look_up(
        images, np.where(thresholds[:, None] <= LEVELS, 255 - LEVELS, LEVELS).astype(np.uint8)
    )


def autocontrast(images: Images) -> Images:
    """Stretch each channel so that its values reach from 0 to 255; a flat one stays."""
    num, height, width, channels = images.shape
    rows = images.reshape(num, height, width * channels)
    lowest = rows.min(1).reshape(num, width, channels).min(1).astype(np.float32)[..., None]
    highest = rows.max(1).reshape(num, width, channels).max(1).astype(np.float32)[..., None]
    span = highest - lowest
    is_flat = span == 0
    lowest[is_flat] = 0
    span[is_flat] = 255
    span *= np.float32(1 / 255)
    return look_up(images, _levels((LEVELS - lowest) / span))


def equalize(images: Images) -> Images:
    """Make the values of a channel about equally frequent, by the scheme of Pillow's `equalize`."""
    num, height, width, channels = images.shape
    counts = np.array(
        [
            [np.bincount(image[..., k].ravel(), minlength=256) for k in range(channels)]
            for image in images
        ]
    ).reshape(num, channels, 256)
    up_to = counts.cumsum(2)
    highest = up_to.argmax(2)[..., None]
    step = (height * width - np.take_along_axis(counts, highest, 2)) // 255
    tables = np.zeros((num, channels, 256), np.intp)
    tables[..., 1:] = (up_to[..., :-1] + step // 2) // np.maximum(step, 1)
    tables = np.where(step == 0, np.arange(256), tables)
    return look_up(images, np.minimum(tables, 255).astype(np.uint8))


def grey(images: Images) -> Float32:
    """Luma, shape `(N, H, W)`, in whole numbers."""
    if images.shape[3] == 1:
        return images[..., 0].astype(np.float32)
    luma: Float32 = images[..., 0] * RED
    luma += images[..., 1] * GREEN
    luma += images[..., 2] * BLUE
    return np.floor(luma, out=luma)


def look_up(images: Images, tables: NDArray[np.uint8]) -> Images:
    """Replace every value by its entry in the image's table.

    Args:
        tables: shape `(N, 256)`, or `(N, C, 256)` for one of each channel.
    """
    # bytes.translate reads a table at the speed of memory; numpy's take wants 8-byte indices.
    result = np.empty_like(images)
    for image, of_image, table in zip(images, result, tables, strict=True):
        if table.ndim == 1:
            flat = image.tobytes().translate(table.tobytes())
            of_image[:] = np.frombuffer(flat, np.uint8).reshape(image.shape)
            continue
        for channel, of_channel in enumerate(table):
            flat = image[..., channel].tobytes().translate(of_channel.tobytes())
            of_image[..., channel] = np.frombuffer(flat, np.uint8).reshape(image.shape[:2])
    return result


def _levels(values: Float32) -> NDArray[np.uint8]:
    """Clip values to 0 … 255 and cut off fractions; `values` are overwritten."""
    return np.clip(values, 0, 255, out=values).astype(np.uint8)
