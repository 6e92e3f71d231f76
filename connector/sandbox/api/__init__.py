"""The Instasent Ingest API, served locally: limits, faults on request, a ledger of what it received."""
