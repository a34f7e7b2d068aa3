"""What people send us: pictures are made anew with nothing of the old file kept, documents are checked by content.

`upload_kinds` tells the documents apart; `files` keeps what came through here.
"""

import contextlib
import io
import math
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PureWindowsPath

import pillow_heif
from PIL import Image

from workflows.errors import N_, Invalid, WorkflowError
from workflows.upload_kinds import document_kind

pillow_heif.register_heif_opener()

MAX_BYTES = 15 * 2**20
MAX_LOGO_BYTES = 5 * 2**20
#: what each format may hold, so that unpacking takes less than 250 MB, measured: 4 bytes a pixel for PNG, 4.6 for HEIC
#: (`_strips_of`; the largest that phones take have 50 million), 15 for WebP. A JPEG is unpacked at the size that we want,
#: unless it is progressive; then it takes 6.
PIXELS = {"JPEG": 51_000_000, "PNG": 51_000_000, "HEIF": 51_000_000, "WEBP": 16_000_000}
PROGRESSIVE_PIXELS = 36_000_000
_BIG = N_("This picture has too many pixels: at most %(n)s million can be taken. Send a smaller copy of it.")
#: pixels of the longer side of a kept photo, and of its small copy
PHOTO_SIDE, THUMBNAIL_SIDE = 2000, 320
NAME_LENGTH = 200

#: unpacking takes memory for a moment; two at once would take twice that
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Upload:
    """A file as a person sent it: nothing of this is to be trusted."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Checked:
    """A file that may be kept, with the name that people will see."""

    name: str
    suffix: str
    media_type: str
    data: bytes
    #: the small copy and the size in pixels, for pictures
    thumbnail: bytes | None = None
    width: int | None = None
    height: int | None = None


def photo(upload: Upload) -> Checked:
    """The photo as a fresh WebP of at most 2000 pixels a side, upright, without place or camera, and a small copy.

    Of moving pictures the first one is kept. Refused with Invalid as `clean_image` says.
    """
    _check_size(upload.data, MAX_BYTES)
    with _opened(upload.data) as picture:
        large = _fresh(picture, PHOTO_SIDE, upload.data)
    small = large.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Checked(
        display_name(upload.name, "webp"), "webp", "image/webp", _webp(large), _webp(small), large.width, large.height
    )


def photo_or_document(upload: Upload) -> Checked:
    """A photo as above, or a document as it came; which of them is told by the content.

    Refused with Invalid: empty, over 15 MB, and what `clean_image` or `document_kind` refuse.
    """
    _check_size(upload.data, MAX_BYTES)
    if _looks_like_photo(upload.data):
        return photo(upload)
    kind = document_kind(upload.data, _suffix(upload.name))
    return Checked(display_name(upload.name, kind.suffix), kind.suffix, kind.media_type, upload.data)


def look_at_all(several: Iterable[Upload]) -> tuple[list[Checked], list[tuple[str, WorkflowError]]]:
    """What may be kept of several, and of the others the name and the refusal."""
    good, bad = [], []
    for upload in several:
        try:
            good.append(photo_or_document(upload))
        except WorkflowError as refusal:
            bad.append((shown_name(upload.name), refusal))
    return good, bad


def clean_image(data: bytes, *, max_side: int, max_bytes: int = MAX_LOGO_BYTES) -> bytes:
    """The picture as a fresh WebP, upright, at most `max_side` pixels, without EXIF, GPS or anything hidden.

    Refused with Invalid: empty, over `max_bytes`, not really a JPEG, PNG, WebP or HEIC, broken, or too many pixels
    (told from the header, before anything is unpacked).
    """
    _check_size(data, max_bytes)
    with _opened(data) as picture:
        return _webp(_fresh(picture, max_side, data))


def _check_size(data: bytes, max_bytes: int) -> None:
    if not data:
        raise Invalid("file_empty", N_("This file is empty."))
    if len(data) > max_bytes:
        raise Invalid("file_big", N_("This file is larger than %(mb)s MB."), mb=max_bytes // 2**20)


def _looks_like_photo(data: bytes) -> bool:
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or data[4:8] == b"ftyp"
    )


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, its header checked. Whatever Pillow raises while it is used becomes a refusal."""
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(data), formats=list(PIXELS)) as picture:
                if picture.width * picture.height > (most := _most_pixels(picture)):
                    raise Invalid("image_big", _BIG, n=most // 1_000_000)  # noqa: TRY301 -- told from the header
                yield picture
        except Invalid:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
            raise Invalid("image_big", _BIG, n=PIXELS["JPEG"] // 1_000_000) from problem
        except Exception as problem:
            raise Invalid(
                "not_an_image", N_("This is not a JPEG, PNG, WebP or HEIC picture that can be read.")
            ) from problem


def _most_pixels(picture: Image.Image) -> int:
    if picture.info.get("progressive"):
        return PROGRESSIVE_PIXELS
    return PIXELS.get(picture.format or "", PIXELS["JPEG"])  # MPO is a JPEG with others behind it


def _fresh(picture: Image.Image, max_side: int, data: bytes) -> Image.Image:
    """A new image with only the pixels: what the old one carried along has no way over."""
    orientation = picture.getexif().get(0x0112, 1)
    scale = min(1, max_side / max(picture.size))
    picture.draft("RGB", (math.ceil(picture.width * scale), math.ceil(picture.height * scale)))
    small = _reduced(_strips_of(picture, data), max(1, max(picture.size) // max_side))
    small.thumbnail((max_side, max_side))
    clean = Image.new(small.mode, small.size)
    clean.paste(small)
    turned = _TURNS.get(orientation)
    return clean.transpose(turned) if turned is not None else clean


@dataclass(frozen=True)
class _Strips:
    """An unpacked picture, to be taken a few rows at a time."""

    size: tuple[int, int]
    is_transparent: bool
    #: from this row up to that one
    take: Callable[[int, int], Image.Image]


def _strips_of(picture: Image.Image, data: bytes) -> _Strips:
    """The unpacked picture. HEIC is unpacked beside Pillow, which would keep a second copy of all its pixels."""
    if picture.format != "HEIF":
        picture.load()
        transparent = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
        return _Strips(picture.size, transparent, lambda top, end: picture.crop((0, top, picture.width, end)))
    heif = pillow_heif.open_heif(io.BytesIO(data), remove_stride=False)
    pixels, mode, stride = memoryview(heif.data), heif.mode, heif.stride
    (width, height) = heif.size  # known for sure once it is unpacked

    def take(top: int, end: int) -> Image.Image:
        rows = pixels[top * stride : end * stride]
        return Image.frombytes(mode, (width, end - top), rows, "raw", mode, stride)

    return _Strips((width, height), mode in {"RGBA", "LA", "RGBa"}, take)


def _reduced(strips: _Strips, factor: int) -> Image.Image:
    """The picture in screen colours, `factor` times smaller; strip by strip, as Pillow would copy all of it twice."""
    mode, (width, height) = "RGBA" if strips.is_transparent else "RGB", strips.size
    whole = Image.new(mode, (math.ceil(width / factor), math.ceil(height / factor)))
    rows = 64 * factor
    for top in range(0, height, rows):
        strip = strips.take(top, min(top + rows, height))
        if strip.mode.startswith("I"):  # 16 bits of grey
            strip = strip.point(lambda grey: grey * (1 / 256)).convert("L")
        whole.paste(strip.convert(mode).reduce(factor), (0, top // factor))
    return whole


#: EXIF's orientation: how to turn it to make it upright
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _webp(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=86, method=4)
    return out.getvalue()


# ----------------------------------------------------------------------------------------------------------- names


def _last_part(name: str) -> str:
    return PureWindowsPath(name.replace("\0", "")).name  # takes both kinds of slash


def _suffix(name: str) -> str:
    match = re.search(r"\.([A-Za-z0-9]{1,5})\s*\Z", _last_part(name))
    return match[1].lower() if match else ""


def display_name(name: str, suffix: str) -> str:
    """A name for people to see: without folders and unseen characters, at most 200 long, with its true suffix."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}\s*\Z", "", _seen(name)).strip(" .")
    return f"{stem[: NAME_LENGTH - len(suffix) - 1].rstrip(' .') or 'file'}.{suffix}"


def shown_name(name: str) -> str:
    """The name of a file that was refused, as its owner knows it."""
    return _seen(name)[:NAME_LENGTH] or "file"


def _seen(name: str) -> str:
    """Without unseen characters first, then without folders and drives: what is left must not look like one again."""
    text = unicodedata.normalize("NFC", name.replace("\0", ""))
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    while (last := _last_part(seen)) != seen:
        seen = last
    return re.sub(r" +", " ", seen).strip()
