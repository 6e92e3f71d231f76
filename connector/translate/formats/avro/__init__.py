"""Avro: schemas are compiled into readers with bounds on time and memory."""
