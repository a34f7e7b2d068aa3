"""Pictures: checked by content, made anew, upright, small, and with nothing of the old file in them."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from workflows.errors import Invalid
from workflows.uploads import MAX_BYTES, clean_image

RED = (200, 30, 30)


def picture(kind="PNG", *, mode="RGB", size=(40, 20), color=RED, **save):
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **save)
    return out.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


JPEG = picture("JPEG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_clean_image_makes_a_webp_of_the_same_picture(kind):
    clean = opened(clean_image(picture(kind), max_side=100))
    pixel = clean.convert("RGB").getpixel((20, 10))
    assert (clean.format, clean.size) == ("WEBP", (40, 20))
    assert all(abs(a - b) < 12 for a, b in zip(pixel, RED, strict=True))


def test_clean_image_makes_it_as_small_as_asked_and_keeps_its_shape():
    assert opened(clean_image(picture(size=(400, 200)), max_side=100)).size == (100, 50)


@pytest.mark.parametrize(
    ("mode", "color", "save", "kept"),
    [("RGBA", (1, 2, 3, 0), {}, True), ("LA", (100, 0), {}, True), ("P", 0, {"transparency": 0}, True), ("L", 100, {}, False), ("1", 1, {}, False)],
)  # fmt: skip
def test_clean_image_keeps_transparency(mode, color, save, kept):
    clean = opened(clean_image(picture(mode=mode, color=color, **save), max_side=100))
    assert (clean.mode == "RGBA" and clean.getpixel((5, 5))[3] == 0) is kept


def test_clean_image_makes_printers_colours_into_screen_colours():
    assert opened(clean_image(picture("JPEG", mode="CMYK", color=(0, 200, 200, 0)), max_side=100)).mode == "RGB"


def test_clean_image_turns_it_upright_and_forgets_place_and_comment():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "secret comment"
    exif.get_ifd(0x8825)[1] = "N"
    clean = clean_image(picture("JPEG", exif=exif, comment=b"secret comment"), max_side=100)
    assert (opened(clean).size, dict(opened(clean).getexif()), b"secret" in clean) == ((20, 40), {}, False)


def test_clean_image_drops_what_is_hung_on_behind():
    assert b"<script" not in clean_image(picture("JPEG") + b"<script>alert(1)</script>", max_side=100)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"), (b"x" * (MAX_BYTES + 1), "file_big"), (b"GIF89a" + b"\0" * 50, "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"), (b"%PDF-1.7", "not_an_image"),
        (JPEG[:300], "not_an_image"), (picture("GIF"), "not_an_image"), (picture("TIFF"), "not_an_image"), (b"MZ\x90\0", "not_an_image"),
    ],
    ids=["empty", "big", "half a gif", "svg", "pdf", "cut off", "gif", "tiff", "program"],
)  # fmt: skip
def test_clean_image_refuses_what_is_no_picture_of_ours(data, code):
    with pytest.raises(Invalid) as refused:
        clean_image(data, max_side=100)
    assert refused.value.code == code


@pytest.mark.parametrize(("side", "code"), [(6400, "image_big"), (20000, "not_an_image")], ids=["large", "bomb"])
def test_clean_image_refuses_too_many_pixels_before_unpacking_them(side, code):
    small_file = picture(mode="1", size=(side, side), color=0)
    with pytest.raises(Invalid) as refused:
        clean_image(small_file, max_side=100)
    assert (refused.value.code, len(small_file) < MAX_BYTES) == (code, True)


def test_clean_image_names_the_limit():
    with pytest.raises(Invalid, match="larger than 5 MB"):
        clean_image(b"x" * (MAX_BYTES + 1), max_side=100)


WHOLE = {
    "jpeg": picture("JPEG", exif=(exif := Image.Exif())),
    "png": picture("PNG", mode="RGBA", color=(1, 2, 3, 4)),
    "webp": picture("WEBP"),
}


@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12),
    st.integers(0, 2000),
)
@example("jpeg", [], 2000)
def test_clean_image_of_a_broken_file_is_a_picture_or_a_refusal_never_a_bug(kind, hits, length):
    data = bytearray(WHOLE[kind][:length] if length < 1900 else WHOLE[kind])
    for place, byte in hits:
        if data:
            data[place % len(data)] = byte
    try:
        clean = clean_image(bytes(data), max_side=64)
    except Invalid:
        return
    assert opened(clean).format == "WEBP"
