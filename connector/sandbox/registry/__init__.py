"""A schema registry in this process: the APIs of Confluent and Apicurio over one store, and faults."""
