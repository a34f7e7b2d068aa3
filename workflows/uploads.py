"""Pictures that people give us: checked by content, made anew, and nothing of the old file kept."""

import io

from PIL import Image, ImageOps

from workflows.errors import N_, Invalid

MAX_BYTES = 5 * 2**20
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")


def clean_image(data: bytes, *, max_side: int) -> bytes:
    """The picture as a fresh WebP, upright, at most `max_side` pixels, without EXIF, GPS or anything hidden.

    Refused with Invalid: empty, over 5 MB, not really a JPEG, PNG or WebP, broken, or too many pixels (told from the
    header, before anything is unpacked).
    """
    if not data:
        raise Invalid("file_empty", N_("This file is empty."))
    if len(data) > MAX_BYTES:
        raise Invalid("file_big", N_("This file is larger than %(mb)s MB."), mb=MAX_BYTES // 2**20)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Invalid("image_big", N_("This picture has too many pixels; make it smaller first."))  # noqa: TRY301 -- told from the header
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((max_side, max_side))
            transparent = upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info
            fresh = upright.convert("RGBA" if transparent else "RGB")
    except Invalid:
        raise
    except Exception as problem:
        raise Invalid("not_an_image", N_("This is not a JPEG, PNG or WebP picture that can be read.")) from problem
    # A new image with only the pixels: what the old one carried along has no way over.
    clean = Image.new(fresh.mode, fresh.size)
    clean.paste(fresh)
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=88, method=4)
    return out.getvalue()
