"""The columns that the lists and the month show, of tables which our migrations make."""

import enum

from django.db import models

from models import ClientStatus, InvoiceState, JobState, PetStatus, Species


def _choices(names: type[enum.Enum]) -> list[tuple[str, str]]:
    return [(n.value, n.name.replace("_", " ").capitalize()) for n in names]


class _Named(models.Model):
    first_name = models.CharField(max_length=120)
    last_name = models.CharField(max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Staff(_Named):
    """Of the team, as far as lists name them."""

    class Meta:
        managed, db_table = False, "staff"


class Client(_Named):
    """What the list of clients shows."""

    account_number = models.CharField(max_length=10)
    email = models.CharField(max_length=255)
    phone = models.CharField(max_length=40)
    status = models.CharField(max_length=32, choices=_choices(ClientStatus))
    portal_enabled = models.BooleanField()
    primary_sitter = models.ForeignKey(Staff, models.DO_NOTHING, null=True)

    class Meta:
        managed, db_table = False, "client"


class Vet(models.Model):
    """A pet's vet by name."""

    name = models.CharField(max_length=120)

    class Meta:
        managed, db_table = False, "vet"

    def __str__(self) -> str:
        return self.name


class Pet(models.Model):
    """What the list of pets shows."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    name = models.CharField(max_length=120)
    species = models.CharField(max_length=32, choices=_choices(Species))
    breed = models.CharField(max_length=120)
    status = models.CharField(max_length=32, choices=_choices(PetStatus))
    vet = models.ForeignKey(Vet, models.DO_NOTHING, null=True)

    class Meta:
        managed, db_table = False, "pet"


class Service(models.Model):
    """A service by name."""

    name = models.CharField(max_length=120)

    class Meta:
        managed, db_table = False, "service_item"

    def __str__(self) -> str:
        return self.name


class Block(models.Model):
    """A time block."""

    name = models.CharField(max_length=120)
    starts_at = models.TimeField()
    ends_at = models.TimeField()

    class Meta:
        managed, db_table = False, "time_block"


class Visit(models.Model):
    """What the list of visits and a client's month show."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    service_item = models.ForeignKey(Service, models.DO_NOTHING)
    on_date = models.DateField()
    ends_on = models.DateField()
    start_time = models.TimeField(null=True)
    end_time = models.TimeField(null=True)
    time_block = models.ForeignKey(Block, models.DO_NOTHING, null=True)
    sitter = models.ForeignKey(Staff, models.DO_NOTHING, null=True)
    state = models.CharField(max_length=32, choices=_choices(JobState))
    price = models.BigIntegerField()
    public_id = models.CharField(max_length=12)
    pets = models.ManyToManyField(Pet, through="VisitPet")

    class Meta:
        managed, db_table = False, "job"


class VisitPet(models.Model):
    """Which pets a visit is for."""

    pk = models.CompositePrimaryKey("job_id", "pet_id")
    job = models.ForeignKey(Visit, models.DO_NOTHING)
    pet = models.ForeignKey(Pet, models.DO_NOTHING)

    class Meta:
        managed, db_table = False, "job_pet"


class Line(models.Model):
    """A requested visit."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    service_item = models.ForeignKey(Service, models.DO_NOTHING)
    on_date = models.DateField()
    start_time = models.TimeField(null=True)
    time_block = models.ForeignKey(Block, models.DO_NOTHING, null=True)
    state = models.CharField(max_length=32)

    class Meta:
        managed, db_table = False, "job_request_line"


class Setting(models.Model):
    """What the business has set; read anew for each page, as several processes must."""

    key = models.CharField(max_length=80, primary_key=True)
    value = models.TextField()

    class Meta:
        managed, db_table = False, "setting"


class Reason(models.Model):
    """Why a client cancels."""

    name = models.CharField(max_length=120)

    class Meta:
        managed, db_table = False, "cancellation_reason"


class Invoice(models.Model):
    """What the list of invoices shows."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    number = models.CharField(max_length=40)
    state = models.CharField(max_length=32, choices=_choices(InvoiceState))
    issued_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    total = models.BigIntegerField(null=True)

    class Meta:
        managed, db_table = False, "invoice"


class ChangeRequest(models.Model):
    """What a client asked about visits in one go."""

    client = models.ForeignKey(Client, models.DO_NOTHING)
    kind = models.CharField(max_length=32)
    reason = models.ForeignKey(Reason, models.DO_NOTHING, null=True)
    is_open = models.BooleanField()
    created_at = models.DateTimeField()

    class Meta:
        managed, db_table = False, "change_request"


class ChangeItem(models.Model):
    """One visit of it."""

    public_id = models.CharField(max_length=12)
    request = models.ForeignKey(ChangeRequest, models.DO_NOTHING, related_name="items")
    job = models.ForeignKey(Visit, models.DO_NOTHING, null=True)
    state = models.CharField(max_length=32)
    fee = models.BigIntegerField(null=True)

    class Meta:
        managed, db_table = False, "change_item"
