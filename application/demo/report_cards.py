"""What the sitters told Hannah and Leo of their last visits: report cards with drawn photos, and a few thanks."""

import datetime as dt
import io
from collections.abc import Sequence
from random import Random

import sqlalchemy as sa
from PIL import Image, ImageDraw
from sqlalchemy.orm import joinedload

from application.demo.crowd import Known
from application.demo.past import at
from foundation import clock
from foundation.db import db
from models import Client, Job, JobState, Staff
from workflows import report_cards, report_photos, report_views
from workflows.actors import client_actor, staff_actor
from workflows.plans import plan_of_job
from workflows.report_cards import Typed
from workflows.uploads import Upload, photo

#: what a sitter writes, how many photos go with it, and what the client says to it (None: nothing)
HANNAH: tuple[tuple[str, int, str | None], ...] = (
    ("Biscuit found the largest puddle of Brookmere and lay down in it. He is dry again, the towel hangs over the tub.", 2, "You made our day, Sam. Thank you!"),
    ("A quiet round by the pond. Two ducks, no arguments.", 0, ""),
    ("Rain, so a short walk and a long game with the rope in the kitchen.", 0, None),
    ("Met Rufus at the corner; both were very pleased.", 0, None),
)  # fmt: skip
LEO: tuple[tuple[str, int, str | None], ...] = (
    ("Rufus ate everything and slept through the thunder.", 1, "Good to know he was not alone."),
    ("All well. He carried his blanket to the door when I left.", 0, None),
)
SIDE = (960, 720)


def write(known: Known, random: Random) -> None:
    """The cards of both clients' last visits, each sent when the visit was over."""
    for client, stories in ((known.hannah, HANNAH), (known.leo, LEO)):
        for job, (message, n_photos, thanks) in zip(_last(client, len(stories)), stories, strict=False):
            _card(job, message, n_photos, thanks, random)


def _last(client: Client, n: int) -> Sequence[Job]:
    return db.session.scalars(
        sa.select(Job)
        .where(Job.client_id == client.id, Job.state == JobState.COMPLETED, Job.sitter_id.is_not(None))
        .options(joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.sitter))
        .order_by(Job.on_date.desc(), Job.id.desc())
        .limit(n)
    ).all()


def _card(job: Job, message: str, n_photos: int, thanks: str | None, random: Random) -> None:
    sitter: Staff | None = job.sitter
    if sitter is None:
        return
    sent_at = min(plan_of_job(job).window().latest + dt.timedelta(minutes=5), clock.now())
    with at(sent_at):
        actor = staff_actor(sitter)
        card = report_cards.draft_of(job, actor=actor)
        keys = {placed.field.label: key for key, placed in report_views.layout_of(job).fields.items()}
        answers = {"Mood": "happy", "Food": random.choice(("all", "some")), "Toilet": ["wee"], "Walked or played": "yes", "Fresh water": "yes", "Door locked behind me": "yes"}  # fmt: skip
        typed = {keys[label]: value for label, value in answers.items() if label in keys}
        report_cards.save_draft(card, Typed(typed, {"message": message}, base=card.version), actor=actor)
        photos = [photo(Upload(f"visit-{n + 1}.png", _picture(random))) for n in range(n_photos)]
        if photos:
            report_photos.add(card, photos, actor=actor)
        report_cards.send(card, actor=actor)
    if thanks is not None:
        with at(min(sent_at + dt.timedelta(hours=2), clock.now())):
            report_cards.thank(card, actor=client_actor(job.client), words=thanks)


def _picture(random: Random) -> bytes:
    """A meadow under the sky with a dog on it, each a little different."""
    width, height = SIDE
    drawn = Image.new("RGB", SIDE, (random.randrange(150, 200), 205, 235))
    pen, ground = ImageDraw.Draw(drawn), height * 6 // 10
    pen.ellipse((width - 230, 60, width - 110, 180), fill=(255, 222, 120))
    pen.rectangle((0, ground, width, height), fill=(96, random.randrange(140, 180), 84))
    for left in range(-100, width, 260):
        pen.ellipse((left, ground - random.randrange(40, 110), left + 360, ground + 160), fill=(112, 168, 96))
    x, y = random.randrange(220, 560), ground + random.randrange(10, 60)
    coat = random.choice(((146, 96, 54), (70, 62, 58), (222, 196, 150)))
    for leg in (20, 60, 150, 190):
        pen.rectangle((x + leg, y + 60, x + leg + 22, y + 140), fill=coat)
    pen.ellipse((x, y, x + 230, y + 110), fill=coat)
    pen.ellipse((x + 180, y - 70, x + 290, y + 40), fill=coat)
    pen.ellipse((x + 262, y - 30, x + 318, y + 12), fill=coat)
    pen.polygon(((x + 192, y - 60), (x + 180, y + 14), (x + 216, y - 30)), fill=tuple(c * 3 // 4 for c in coat))
    pen.polygon(((x + 6, y + 40), (x - 60, y - 40), (x + 30, y + 20)), fill=coat)
    pen.ellipse((x + 240, y - 40, x + 254, y - 26), fill=(20, 20, 20))
    pen.ellipse((x + 302, y - 22, x + 320, y - 6), fill=(20, 20, 20))
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
