"""Billing: invoices, credit and debit notes, receipts, statements, and the papers that they are printed on."""

from workflows.billing import frozen as frozen  # stands guard as soon as anything of billing is used
