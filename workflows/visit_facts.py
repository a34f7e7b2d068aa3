"""Requested and scheduled visits as plain values for mails and for the log."""

from models import Job, JobRequestLine
from workflows import settings
from workflows.mail_facts import VisitFacts
from workflows.plans import Plan


def _price(price: object) -> str:
    return str(price) if settings.read()["portal.show_prices"] else ""


def line_facts(line: JobRequestLine, *, for_sitter: bool = False) -> VisitFacts:
    """A requested visit, as the client's mails list it; the sitter never reads the price."""
    return VisitFacts(
        service=line.service_item.name,
        on_date=line.on_date.isoformat(),
        start_time=line.start_time.isoformat("minutes") if line.start_time else "",
        block=str(line.time_block) if line.time_block else "",
        ends_on=line.last_on.isoformat() if line.last_on != line.on_date else "",
        end_time=line.end_time.isoformat("minutes") if line.end_time else "",
        duration_minutes=line.service_item.duration_minutes,
        pets=tuple(p.name for p in line.pets),
        note=line.note,
        price="" if for_sitter else _price(line.price),
    )


def job_facts(job: Job, *, for_sitter: bool = False) -> VisitFacts:
    """A visit; the client sees the sitter and the price only as the portal settings say, the sitter never the price."""
    show_sitter = settings.read()["portal.show_sitter"]
    return VisitFacts(
        service=job.service_item.name,
        on_date=job.on_date.isoformat(),
        start_time=job.start_time.isoformat("minutes") if job.start_time else "",
        block=str(job.time_block) if job.time_block else "",
        ends_on=job.ends_on.isoformat() if job.ends_on != job.on_date else "",
        end_time=job.end_time.isoformat("minutes") if job.end_time else "",
        duration_minutes=job.duration_minutes,
        pets=tuple(p.name for p in job.pets),
        note="\n".join(n for n in (job.note, job.staff_note) if n) if for_sitter else job.note,
        sitter="" if for_sitter or not show_sitter or not job.sitter else job.sitter.first_name,
        price="" if for_sitter else _price(job.price),
    )


def short(visit: VisitFacts) -> str:
    """One line for the log: "Dog walk, 2026-11-26 12:00"."""
    return _in_one_line(visit.service, visit.on_date, visit.start_time or visit.block)


def short_plan(plan: Plan, service: str) -> str:
    """The same of a visit that is being booked."""
    when = plan.start_time.isoformat("minutes") if plan.start_time else str(plan.block or "")
    return _in_one_line(service, plan.on_date.isoformat(), when)


def _in_one_line(service: str, on_date: str, when: str) -> str:
    return f"{service}, {on_date} {when}".strip()
