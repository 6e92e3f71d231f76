-- The source database. PostgreSQL runs this file once, when its volume is empty.
CREATE TABLE customers (
    id         integer PRIMARY KEY,
    first_name text,
    last_name  text,
    email      text,
    phone      text,
    birth_date date,
    plan       text
);

INSERT INTO customers VALUES
    (1, 'Ada', 'Lovelace', 'ADA@example.com', '612 345 678', '1990-12-10', 'gold'),
    (2, 'Grace', 'Hopper', 'Grace@example.com', '+34 612 345 679', '1986-12-09', 'silver');
