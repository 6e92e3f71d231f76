"""The API's language: deliveries become requests, answers become outcomes; remembers nothing."""
