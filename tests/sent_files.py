"""Files as people and attackers send them, made in memory: pictures, documents, and what only looks like one."""

import io
import struct
import zipfile
import zlib

from PIL import Image

RED = (200, 30, 30)


def picture(kind="PNG", *, mode="RGB", size=(40, 20), color=RED, **save):
    """A small picture of one colour."""
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **save)
    return out.getvalue()


def with_place(size=(40, 20), orientation=6):
    """A JPEG that says where it was taken, by what, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0110] = orientation, "secret comment", "PhonePhone 9"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (40.0, 26.0, 46.0), "W", (79.0, 58.0, 56.0)
    return picture("JPEG", size=size, exif=exif, comment=b"secret comment")


def huge_png(width=40_000, height=40_000):
    """A PNG of a few bytes whose header promises that many pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def animated(kind):
    """Two frames, the first red and the second blue."""
    out, first = io.BytesIO(), Image.new("RGB", (40, 20), RED)
    first.save(out, kind, save_all=True, append_images=[Image.new("RGB", (40, 20), (0, 0, 250))], duration=100, loop=0)
    return out.getvalue()


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
WORD_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
EXCEL_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def office(main=WORD_MAIN, parts=None, *, types=None):
    """A Word or Excel file; `parts` are further entries: name -> bytes."""
    out, folder = io.BytesIO(), "word/document.xml" if "word" in main else "xl/workbook.xml"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml", types or f'<Types><Override PartName="/{folder}" ContentType="{main}"/></Types>'
        )
        archive.writestr(folder, "<w/>")
        for name, body in (parts or {}).items():
            archive.writestr(name, body)
    return out.getvalue()


def compound(*names, kind=2):
    """A file of the old Office: a header and a directory with entries of these names."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    entries = b""
    for name in names:
        wide = name.encode("utf-16-le") + b"\0\0"
        entries += wide.ljust(64, b"\0") + struct.pack("<HB", len(wide), kind) + b"\0" * 61
    return (head.ljust(512, b"\0") + entries).ljust(2048, b"\0")


def zip_bomb(megabytes=300):
    """A Word file of some hundred kilobytes that unpacks to that much."""
    name, nothing = "word/media/a.bin", bytes(2**20)
    # A megabyte is packed once and repeated: packing them all takes seconds of every process that collects tests.
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(nothing) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = packed * megabytes + zlib.compressobj(wbits=-15).flush()
    crc = 0
    for _ in range(megabytes):
        crc = zlib.crc32(nothing, crc)
    out = io.BytesIO(office())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, packed)
        part = archive.getinfo(name)
        part.compress_type, part.CRC, part.file_size = zipfile.ZIP_DEFLATED, crc, megabytes * 2**20
    struct.pack_into("<H", out.getbuffer(), part.header_offset + 8, zipfile.ZIP_DEFLATED)
    struct.pack_into("<LLL", out.getbuffer(), part.header_offset + 14, crc, len(packed), part.file_size)
    return out.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><script>alert(1)</script>"
PHP = b"<?php system($_GET['c']); ?>"

#: name it came with, its bytes: nothing of these may be kept
HOSTILE = {
    "html": ("page.html", HTML), "html as jpg": ("cat.jpg", HTML), "html as pdf": ("plan.pdf", HTML), "html as txt": ("notes.txt", HTML),
    "html behind words": ("notes.txt", b"Dear sitter,\n" * 50 + b"<iframe src=//evil.example>"), "html after a mark": ("notes.txt", b"\xef\xbb\xbf \n<HTML>"),
    "svg": ("cat.svg", SVG), "svg as png": ("cat.png", SVG), "svg with a head": ("cat.txt", b"<?xml version='1.0'?>" + SVG), "xml": ("a.xml", b"<?xml version='1.0'?><a/>"),
    "php": ("shell.php", PHP), "php as txt": ("shell.txt", PHP), "php twice named": ("shell.php.jpg", PHP), "js": ("run.js", b"alert(1)"),
    "shell": ("run.sh", b"#!/bin/sh\nrm -rf /"), "shell as txt": ("run.txt", b"#!/bin/sh\nrm -rf /"), "bat": ("run.bat", b"del *.*"), "hta": ("run.hta", HTML),
    "gif and js": ("cat.gif", b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)"), "gif as jpg": ("cat.jpg", b"GIF89a/*\x01*/=1;alert(1)//"),
    "program": ("setup.exe", b"MZ\x90\0" + b"\0" * 200), "program as pdf": ("plan.pdf", b"MZ\x90\0" + b"\0" * 200), "elf": ("a", b"\x7fELF\x02\x01\x01" + b"\0" * 60),
    "half a jpeg": ("cat.jpg", picture("JPEG")[:300]), "only a jpeg's head": ("cat.jpg", b"\xff\xd8\xff\xe0" + PHP), "only a png's head": ("cat.png", b"\x89PNG\r\n\x1a\n" + HTML),
    "only a webp's head": ("cat.webp", b"RIFF\x10\0\0\0WEBP" + HTML), "only a heic's head": ("cat.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40), "film": ("cat.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 40),
    "40,000 pixels": ("big.png", huge_png()), "60,000 pixels": ("big.png", huge_png(60_000, 60_000)), "negative": ("big.png", huge_png(2**31, 1)),
    "pdf and html": ("plan.pdf", PDF + HTML), "pdf and zip": ("plan.pdf", PDF + office()), "html and pdf": ("plan.pdf", HTML + PDF), "only a pdf's head": ("plan.pdf", b"%PDF-1.7\n" + HTML), "pdf without end": ("plan.pdf", PDF[:40]),
    "zip bomb": ("plan.docx", zip_bomb()), "plain zip": ("plan.zip", office(types="<Types/>")), "jar": ("a.jar", office(types="<Types/>", parts={"META-INF/MANIFEST.MF": b""})),
    "zip and jpeg": ("plan.docx", office() + picture("JPEG")), "zip with a climbing part": ("plan.docx", office(parts={"../../evil": b""})), "zip with a rooted part": ("plan.docx", office(parts={"/etc/evil": b""})),
    "zip with macros": ("plan.docm", office("application/vnd.ms-word.document.macroEnabled.main+xml")), "zip with hidden macros": ("plan.docx", office(parts={"word/vbaProject.bin": b"x"})),
    "too many parts": ("plan.docx", office(parts={f"word/{n}": b"" for n in range(4001)})), "half a zip": ("plan.docx", office()[:-10]),
    "old word with macros": ("plan.doc", compound("WordDocument") + compound("Macros", kind=1)[512:]), "installer": ("a.msi", compound("SummaryInformation")), "old office's head": ("plan.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + HTML),
    "only a tiff's head": ("fax.tiff", b"II*\0\x08\0\0\0" + b"\xff" * 20), "tiff and html": ("fax.tiff", b"MM\0*" + HTML),
    "empty": ("nothing.jpg", b""), "nul in text": ("notes.txt", b"a\0b"), "utf-16": ("notes.txt", "Hallo".encode("utf-16")), "control": ("notes.txt", b"a\x1b[31mb"),
    "rtf": ("a.rtf", b"{\\rtf1 hello}"), "rtf as txt": ("a.txt", b"{\\rtf1 hello}"), "mhtml": ("a.txt", b"MIME-Version: 1.0\nContent-Type: text/html"), "text as csv": ("a.csv", b"=cmd|' /C calc'!A0"), "over 15 MB": ("big.txt", b"x" * (15 * 2**20 + 1)),
}  # fmt: skip
