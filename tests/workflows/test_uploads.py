"""Pictures: checked by content, made anew, upright, small, and with nothing of the old file in them."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from tests import sent_files as sent
from tests.sent_files import RED, picture
from workflows import uploads
from workflows.errors import Invalid
from workflows.uploads import MAX_BYTES, MAX_LOGO_BYTES, Upload, clean_image, display_name, photo, photo_or_document


def opened(data):
    return Image.open(io.BytesIO(data))


JPEG = picture("JPEG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_clean_image_makes_a_webp_of_the_same_picture(kind):
    clean = opened(clean_image(picture(kind), max_side=100))
    pixel = clean.convert("RGB").getpixel((20, 10))
    assert (clean.format, clean.size) == ("WEBP", (40, 20))
    assert all(abs(a - b) < 12 for a, b in zip(pixel, RED, strict=True))


def test_clean_image_makes_it_as_small_as_asked_and_keeps_its_shape():
    assert opened(clean_image(picture(size=(400, 200)), max_side=100)).size == (100, 50)


@pytest.mark.parametrize(
    ("mode", "color", "save", "kept"),
    [("RGBA", (1, 2, 3, 0), {}, True), ("I;16", 30000, {}, False), ("RGB", RED, {"transparency": RED}, True), ("LA", (100, 0), {}, True), ("P", 0, {"transparency": 0}, True), ("L", 100, {}, False), ("1", 1, {}, False)],
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
        (b"", "file_empty"), (b"x" * (MAX_LOGO_BYTES + 1), "file_big"), (b"GIF89a" + b"\0" * 50, "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"), (b"%PDF-1.7", "not_an_image"),
        (JPEG[:300], "not_an_image"), (picture("GIF"), "not_an_image"), (picture("TIFF"), "not_an_image"), (b"MZ\x90\0", "not_an_image"),
    ],
    ids=["empty", "big", "half a gif", "svg", "pdf", "cut off", "gif", "tiff", "program"],
)  # fmt: skip
def test_clean_image_refuses_what_is_no_picture_of_ours(data, code):
    with pytest.raises(Invalid) as refused:
        clean_image(data, max_side=100)
    assert refused.value.code == code


@pytest.mark.parametrize(("side", "code"), [(7200, "image_big"), (20000, "image_big")], ids=["large", "bomb"])
def test_clean_image_refuses_too_many_pixels_before_unpacking_them(side, code):
    small_file = picture(mode="1", size=(side, side), color=0)
    with pytest.raises(Invalid) as refused:
        clean_image(small_file, max_side=100)
    assert (refused.value.code, len(small_file) < MAX_LOGO_BYTES) == (code, True)


def test_clean_image_names_the_limit():
    with pytest.raises(Invalid, match="larger than 5 MB"):
        clean_image(b"x" * (MAX_LOGO_BYTES + 1), max_side=100)


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


# ---------------------------------------------------------------------------------------------------------- photos


@pytest.mark.covers("D4")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_photo_becomes_a_webp_of_at_most_2000_pixels_and_a_small_copy(kind):
    kept = photo(Upload(f"Biscuit.{kind}", picture(kind, size=(2400, 1200))))
    large, small = opened(kept.data), opened(kept.thumbnail)
    assert (kept.name, kept.suffix, kept.media_type) == ("Biscuit.webp", "webp", "image/webp")
    assert (large.format, large.size, kept.width, kept.height) == ("WEBP", (2000, 1000), 2000, 1000)
    assert (small.format, small.size) == ("WEBP", (320, 160))


def test_a_small_photo_is_not_blown_up():
    kept = photo(Upload("a.png", picture(size=(40, 20))))
    assert (opened(kept.data).size, opened(kept.thumbnail).size) == ((40, 20), (40, 20))


@pytest.mark.parametrize(("orientation", "corner"), [(1, (5, 5)), (2, (55, 5)), (3, (55, 35)), (4, (5, 35)), (5, (5, 5)), (6, (35, 5)), (7, (35, 55)), (8, (5, 55))])  # fmt: skip
def test_a_photo_stands_upright_whichever_way_the_camera_was_held(orientation, corner):
    taken = Image.new("RGB", (60, 40), (255, 255, 255))
    taken.paste((0, 0, 0), (0, 0, 15, 15))
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    taken.save(out, "JPEG", exif=exif, quality=95)
    kept = opened(photo(Upload("a.jpg", out.getvalue())).data).convert("L")
    dark = [
        p
        for p in ((5, 5), (kept.width - 5, 5), (5, kept.height - 5), (kept.width - 5, kept.height - 5))
        if kept.getpixel(p) < 90
    ]
    assert (kept.size, dark) == ((40, 60) if orientation > 4 else (60, 40), [corner])


@pytest.mark.covers("D4")
def test_a_photo_forgets_where_and_with_what_it_was_taken():
    taken = sent.with_place(size=(400, 200))
    assert opened(taken).getexif().get_ifd(0x8825)
    kept = photo(Upload("a.jpg", taken))
    for data in (kept.data, kept.thumbnail):
        found = opened(data)
        assert (
            found.size[0] < found.size[1],
            dict(found.getexif()),
            set(found.info) & {"exif", "xmp", "icc_profile"},
        ) == (True, {}, set())
        assert not [x for x in (b"secret", b"PhonePhone", b"EXIF", b"GPS") if x in data]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_a_moving_picture_the_first_is_kept(kind):
    kept = opened(photo(Upload("a", sent.animated(kind))).data)
    pixel = kept.convert("RGB").getpixel((20, 10))
    assert getattr(kept, "n_frames", 1) == 1
    assert all(abs(a - b) < 12 for a, b in zip(pixel, RED, strict=True))


@pytest.mark.parametrize("hung_on", [sent.PHP, sent.HTML, sent.office(), sent.PDF], ids=["php", "html", "zip", "pdf"])
def test_what_is_hung_on_behind_a_photo_is_gone(hung_on):
    kept = photo(Upload("a.php.jpg", picture("JPEG", comment=b"<?php evil() ?>") + hung_on))
    assert not [x for x in (b"<?php", b"<script", b"PK\x03\x04", b"%PDF") if x in kept.data + kept.thumbnail]


def test_a_picture_sent_as_a_document_is_a_photo():
    assert photo_or_document(Upload("passport.pdf", picture("JPEG"))).name == "passport.webp"


def test_a_document_is_no_photo():
    with pytest.raises(Invalid, match="JPEG, PNG, WebP or HEIC"):
        photo(Upload("a.jpg", sent.PDF))


def test_the_largest_file_is_still_looked_at():
    data = b"x" * MAX_BYTES
    assert photo_or_document(Upload("long.txt", data)).data == data


@pytest.mark.parametrize(("kind", "more"), [("JPEG", {"progressive": True}), ("WEBP", {"method": 0}), ("HEIF", {})])
def test_formats_that_take_more_memory_may_have_fewer_pixels(kind, more, monkeypatch):
    monkeypatch.setitem(uploads.PIXELS, kind, 400)
    monkeypatch.setattr(uploads, "PROGRESSIVE_PIXELS", 400)
    assert photo(Upload("a", picture(kind, size=(20, 20), **more))).width == 20
    with pytest.raises(Invalid) as refused:
        photo(Upload("a", picture(kind, size=(21, 20), **more)))
    assert refused.value.code == "image_big"


@pytest.mark.parametrize("size", [(8064, 6048), (8160, 6120), (8192, 6144)])
def test_what_phones_take_may_have_so_many_pixels(size):
    assert all(size[0] * size[1] <= uploads.PIXELS[kind] for kind in ("JPEG", "HEIF"))


@pytest.mark.parametrize(("mode", "size"), [("RGB", (2401, 1203)), ("RGBA", (333, 1205)), ("L", (97, 61))])
def test_a_heic_is_taken_strip_by_strip_and_looks_as_it_did(mode, size):
    """Odd sizes, whose rows are padded in memory; a picture that is different everywhere."""
    taken = Image.linear_gradient("L").resize(size).rotate(7)
    parts = [taken, taken.transpose(Image.Transpose.FLIP_TOP_BOTTOM), taken.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    whole = taken if mode == "L" else Image.merge("RGB", parts)
    if mode == "RGBA":
        whole.putalpha(taken.point(lambda grey: 255 if grey > 100 else 0))
    out = io.BytesIO()
    whole.save(out, "HEIF", quality=95)
    kept = opened(photo(Upload("a.heic", out.getvalue())).data)
    expected = opened(out.getvalue()).convert("RGBA" if mode == "RGBA" else "RGB")
    expected.thumbnail((2000, 2000))
    assert (kept.mode, kept.size) == (expected.mode, expected.size)
    grounds = [Image.new("RGBA", kept.size, (255, 255, 255, 255)) for _ in range(2)]  # WebP forgets unseen colours
    for ground, seen in zip(grounds, (kept, expected), strict=True):
        ground.alpha_composite(seen.convert("RGBA"))
    differs = ImageStat.Stat(ImageChops.difference(*(ground.convert("L") for ground in grounds)))
    assert differs.mean[0] < 6


def test_too_many_pixels_are_said_with_the_number_that_can_be_taken():
    with pytest.raises(Invalid) as refused:
        photo(Upload("a.webp", picture("WEBP", size=(4001, 4001))))
    assert "at most 16 million" in refused.value.say(str)


# ----------------------------------------------------------------------------------------------------------- names


@pytest.mark.covers("D4")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Biscuit on the sofa.JPG", "Biscuit on the sofa.pdf"), ("plan.pdf", "plan.pdf"), ("a.tar.gz", "a.tar.pdf"), ("no suffix", "no suffix.pdf"),
        ("../../etc/passwd", "passwd.pdf"), ("C:\\Windows\\evil.exe", "evil.pdf"), ("..\\..\\evil.bat", "evil.pdf"), ("/", "file.pdf"), ("", "file.pdf"), ("..", "file.pdf"), (".htaccess", "htaccess.pdf"),
        ("plan\0.html", "plan.pdf"), ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie: x=1.pdf"), ("cat\u202egnp.exe", "catgnp.pdf"), ("fam\u200dily\u2066.jpg", "family.pdf"), ("\ud800.jpg", "file.pdf"),
        ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.pdf"), ("cafe\u0301.jpg", "caf\u00e9.pdf"), ("   a    b  . .jpg", "a b.pdf"), ("x" * 300 + ".jpg", "x" * 196 + ".pdf"),
    ],
)  # fmt: skip
def test_a_name_is_made_fit_to_be_seen_and_gets_its_true_suffix(name, shown):
    assert display_name(name, "pdf") == shown


@given(st.text(max_size=400))
@example("A\ua7cb:")
@example("A:B:c")
@example("A:. .webp")
def test_whatever_the_name_it_is_one_line_short_and_no_path(name):
    shown = display_name(name, "webp")
    assert len(shown) <= 200
    assert shown.endswith(".webp")
    assert not set(shown) & set("/\\\0\r\n\u202e\u2028")
    assert display_name(shown, "webp") == shown
