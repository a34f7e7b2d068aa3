"""The little Markdown that the user guide is written in, as HTML: headings, paragraphs, lists, tables, pictures, bold,
italics, code and links. Everything else is plain text, and all text is escaped.
"""

import re
from collections.abc import Callable

from markupsafe import Markup, escape

#: what a link or picture becomes: its address as written -> the address in our pages, or None when it leads out of them
Address = Callable[[str], str | None]

_INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*|\[([^\]]+)\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_ITEM = re.compile(r"(- |\d+\. )")


def anchor(title: str) -> str:
    """The id of a heading, as GitHub makes it: "What you owe" is `what-you-owe`."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def inline(text: str, address: Address) -> Markup:
    """One line's text; a link that leads nowhere here is its words alone."""
    made, at = Markup(), 0
    for found in _INLINE.finditer(text):
        made += escape(text[at : found.start()])
        at = found.end()
        code, bold, italic, words, target = found.groups()
        if code is not None:
            made += Markup("<code>{}</code>").format(code)
        elif bold is not None:
            made += Markup("<strong>{}</strong>").format(inline(bold, address))
        elif italic is not None:
            made += Markup("<em>{}</em>").format(inline(italic, address))
        else:
            to = address(target)
            inner = inline(words, address)
            made += Markup('<a href="{}">{}</a>').format(to, inner) if to else inner
    return made + escape(text[at:])


def html(text: str, address: Address) -> Markup:
    """A whole page."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return Markup("\n").join(_block(block.splitlines(), address) for block in blocks)


def _block(lines: list[str], address: Address) -> Markup:
    first = lines[0]
    if heading := re.fullmatch(r"(#{1,3}) (.+)", first):
        level, title = len(heading[1]), heading[2]
        made = Markup('<h{0} id="{1}">{2}</h{0}>').format(level, anchor(title), inline(title, address))
        return made + _block(lines[1:], address) if lines[1:] else made
    if picture := _PICTURE.fullmatch(first.strip()):
        to = address(picture[2])
        return Markup('<p><img src="{}" alt="{}" loading="lazy"></p>').format(to, picture[1]) if to else Markup()
    if first.startswith("|"):
        return _table(lines, address)
    if _ITEM.match(first):
        return _list(lines, address)
    return Markup("<p>{}</p>").format(inline(" ".join(line.strip() for line in lines), address))


def _list(lines: list[str], address: Address) -> Markup:
    items: list[str] = []
    for line in lines:
        if mark := _ITEM.match(line):
            items.append(line[mark.end() :].strip())
        else:
            items[-1] += " " + line.strip()
    frame = Markup("<ol>{}</ol>") if lines[0][0].isdigit() else Markup("<ul>{}</ul>")
    inner = Markup().join(Markup("<li>{}</li>").format(inline(item, address)) for item in items)
    return frame.format(inner)


def _table(lines: list[str], address: Address) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head = Markup().join(Markup('<th scope="col">{}</th>').format(inline(cell, address)) for cell in rows[0])
    body = Markup().join(
        Markup("<tr>{}</tr>").format(Markup().join(Markup("<td>{}</td>").format(inline(cell, address)) for cell in row))
        for row in rows[2:]
    )
    frame = Markup(
        '<div class="ui-tablewrap"><table class="ui-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    )
    return frame.format(head, body)
