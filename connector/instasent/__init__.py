"""The API's language: deliveries become requests, and answers become outcomes. Keeps no state."""
