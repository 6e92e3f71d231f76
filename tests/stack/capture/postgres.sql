-- What happens in PostgreSQL while Debezium watches. A line `-- == NAME` begins a section.
-- Statements end with `;` at the end of a line that is not followed by an indented one; each is committed at
-- once, but between BEGIN and COMMIT.

-- == tables
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'happy');

CREATE TABLE numbers (
    id      int PRIMARY KEY,
    small   smallint,
    whole   int,
    big     bigint,
    single  real,
    double_ double precision,
    dec2    numeric(12, 2),
    dec0    numeric(20, 0),
    dec10   numeric(38, 10),
    free    numeric,
    cash    money,
    flag    boolean,
    oid_    oid
);

-- Debezium takes a scale of -2 for one of 2046, in a kilobyte of digits.
CREATE TABLE odd (id int PRIMARY KEY, hundreds numeric(6, -2), dec2 numeric(12, 2), free numeric);

CREATE TABLE times (
    id      int PRIMARY KEY,
    day     date,
    ts0     timestamp(0),
    ts3     timestamp(3),
    ts6     timestamp,
    tz      timestamptz,
    tz3     timestamptz(3),
    t0      time(0),
    t3      time(3),
    t6      time,
    ttz     timetz,
    span    interval
);

CREATE TABLE texts (
    id      int PRIMARY KEY,
    txt     text,
    vary    varchar(20),
    fixed   char(5),
    blind   citext,
    bytes   bytea,
    bit1    bit(1),
    bit10   bit(10),
    bits    bit varying(12),
    doc     json,
    docb    jsonb,
    mark    xml,
    uid     uuid,
    host    inet,
    net     cidr,
    mac     macaddr,
    feeling mood,
    path    ltree,
    words   tsvector,
    r_int   int4range,
    r_num   numrange,
    r_day   daterange,
    r_ts    tsrange,
    r_tz    tstzrange
);

CREATE TABLE nested (
    id       int PRIMARY KEY,
    texts    text[],
    ints     int[],
    bigs     bigint[],
    decs     numeric(10, 2)[],
    frees    numeric[],
    doubles  double precision[],
    flags    boolean[],
    days     date[],
    stamps   timestamp[],
    zoned    timestamptz[],
    uids     uuid[],
    docs     jsonb[],
    blobs    bytea[],
    feelings mood[],
    pairs    hstore,
    place    point,
    round    circle,
    straight line,
    quad     box,
    shape    polygon
);

CREATE TABLE defaults (
    id    int PRIMARY KEY,
    named text DEFAULT 'nobody',
    count int DEFAULT 7,
    must  text NOT NULL DEFAULT 'always',
    dec   numeric(6, 2) DEFAULT 1.50,
    day   date DEFAULT '2020-02-29',
    at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE customers (
    id         int PRIMARY KEY,
    email      text NOT NULL,
    first_name text,
    birth_date date,
    balance    numeric(12, 2),
    seen_at    timestamp(3),
    created_at timestamptz,
    vip        boolean NOT NULL,
    notes      text
);
ALTER TABLE customers ALTER notes SET STORAGE EXTERNAL;

CREATE TABLE members (tenant text, no int, name text, PRIMARY KEY (tenant, no));
CREATE TABLE full_rows (id int PRIMARY KEY, email text NOT NULL, score int NOT NULL, notes text);
ALTER TABLE full_rows REPLICA IDENTITY FULL;
ALTER TABLE full_rows ALTER notes SET STORAGE EXTERNAL;
CREATE TABLE index_rows (id int PRIMARY KEY, email text NOT NULL, name text NOT NULL DEFAULT 'none');
CREATE UNIQUE INDEX index_rows_email ON index_rows (email);
ALTER TABLE index_rows REPLICA IDENTITY USING INDEX index_rows_email;
CREATE TABLE nokey (a int, b text);
CREATE TABLE orders (
    order_id    bigint PRIMARY KEY,
    customer_id bigint,
    total       numeric(10, 2),
    currency    char(3),
    status      text,
    placed_at   timestamptz
);
CREATE TABLE emptied (id int PRIMARY KEY, name text);

-- Every kind of column that can be stored out of line. Above 2 kB the row is, down to nearly nothing.
CREATE TABLE toasted (
    id      int PRIMARY KEY,
    version int,
    txt     text,
    bytes   bytea,
    doc     json,
    docb    jsonb,
    mark    xml,
    pairs   hstore,
    dec     numeric,
    texts   text[],
    ints    int[],
    bigs    bigint[],
    days    date[],
    uids    uuid[],
    docs    jsonb[],
    blobs   bytea[]
) WITH (toast_tuple_target = 128);
ALTER TABLE toasted ALTER txt SET STORAGE EXTERNAL, ALTER bytes SET STORAGE EXTERNAL,
    ALTER doc SET STORAGE EXTERNAL, ALTER docb SET STORAGE EXTERNAL, ALTER mark SET STORAGE EXTERNAL,
    ALTER pairs SET STORAGE EXTERNAL, ALTER dec SET STORAGE EXTERNAL, ALTER texts SET STORAGE EXTERNAL,
    ALTER ints SET STORAGE EXTERNAL, ALTER bigs SET STORAGE EXTERNAL, ALTER days SET STORAGE EXTERNAL,
    ALTER uids SET STORAGE EXTERNAL, ALTER docs SET STORAGE EXTERNAL, ALTER blobs SET STORAGE EXTERNAL;

CREATE TABLE outbox (
    id            uuid PRIMARY KEY,
    aggregatetype varchar(255) NOT NULL,
    aggregateid   varchar(255) NOT NULL,
    type          varchar(255) NOT NULL,
    payload       jsonb,
    tenant        text,
    at            timestamptz
);
-- What Debezium's own expansion of a payload dies of.
CREATE TABLE outbox_lists (LIKE outbox INCLUDING ALL);
CREATE TABLE signals (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048));
CREATE TABLE done (id int PRIMARY KEY);

INSERT INTO customers VALUES
    (1, 'Snap@Example.com', 'Snapshot', '1999-12-31', 10.00, '2026-01-01 00:00:00.5', '2026-01-01T00:00:00Z', true, NULL),
    (2, 'two@example.com', 'Zwei', NULL, NULL, NULL, NULL, false, 'second of the snapshot');
INSERT INTO members VALUES ('acme', 1, 'uno');
INSERT INTO nokey VALUES (1, 'x');
INSERT INTO emptied VALUES (1, 'one');

-- == values
INSERT INTO numbers VALUES (1, -7, 42, 9007199254740993, 1.5, 0.1, 123.45, 12345678901234567890,
    1234567890123456789.0123456789, 3.14159265358979323846264338327950288, 1234.56, true, 4294967295);
INSERT INTO numbers VALUES (2, -32768, -2147483648, -9223372036854775808, '-Infinity', 'NaN', -0.01, -1,
    -0.0000000001, -120000, '-$0.01', false, 0);
INSERT INTO numbers VALUES (3, 32767, 2147483647, 9223372036854775807, 'NaN', 'Infinity', 9999999999.99, 0,
    0, 0, 0, NULL, 1);
INSERT INTO numbers VALUES (4, 0, 0, 0, -0.0, 1e300, 0, 99999999999999999999,
    9999999999999999999999999999.9999999999, 1e30, '92233720368547758.07', true, NULL);
INSERT INTO numbers (id) VALUES (5);

INSERT INTO odd VALUES (1, 123400, NULL, NULL);
INSERT INTO odd VALUES (2, NULL, 'NaN', 'NaN');
INSERT INTO odd VALUES (3, NULL, NULL, 'Infinity');
INSERT INTO odd VALUES (4, NULL, NULL, '-Infinity');

INSERT INTO times VALUES (1, '2026-11-23', '2026-11-23 10:20:30', '2026-11-23 10:20:30.123', '2026-11-23 10:20:30.123456',
    '2026-11-23 10:20:30.123456+02', '2026-11-23 10:20:30.120+02', '13:45:30', '13:45:30.123', '13:45:30.123456',
    '13:45:30.123456+02', '1 year 2 months 3 days 04:05:06.78');
INSERT INTO times VALUES (2, '1815-12-10', '1815-12-10 01:02:03', '1815-12-10 01:02:03.004', '1815-12-10 01:02:03.000005',
    '1815-12-10 01:02:03Z', '1815-12-10 01:02:03.004Z', '00:00', '00:00', '24:00:00',
    '00:00:00-05:30', '-1 year -2 months 3 days -04:05:06');
INSERT INTO times VALUES (3, 'infinity', 'infinity', 'infinity', 'infinity', 'infinity', 'infinity', '23:59:59',
    '23:59:59.999', '23:59:59.999999', '23:59:59.999999+14', '0');
INSERT INTO times VALUES (4, '-infinity', '-infinity', '-infinity', '-infinity', '-infinity', '-infinity', '00:00',
    '00:00:00.001', '00:00:00.000001', '24:00:00Z', '999 years');
INSERT INTO times VALUES (5, '12026-11-23', '12026-11-23 00:00:00', '12026-11-23 10:20:30.123', '12026-11-23 10:20:30.123456',
    '12026-11-23 10:20:30.123456Z', '12026-11-23 10:20:30.123Z', NULL, NULL, NULL, NULL, '-00:00:00.000001');
INSERT INTO times VALUES (6, '0044-03-15 BC', '0044-03-15 00:00:00 BC', '0044-03-15 10:20:30.123 BC',
    '0044-03-15 10:20:30.123456 BC', '0044-03-15 10:20:30.123456Z BC', '0044-03-15 10:20:30.123Z BC',
    NULL, NULL, NULL, NULL, NULL);
INSERT INTO times (id) VALUES (7);

INSERT INTO texts VALUES (1, E'ñ €\n"q" \\ \U0001F600', 'vary', 'ab', 'Mixed', '\xdeadbeef', B'1', B'1000000001', B'1010',
    '{"a": [1,2.50, 12345678901234567890]}', '{"k": "ñ", "n": 1.10}', '<a>1</a>', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    '10.1.2.3/24', '10.1.0.0/16', '08:00:2b:01:02:03', 'happy', 'Top.Science', 'a fat cat', '[1,10)', '(1.5,)',
    '[2024-01-01,2024-02-01)', '[2024-01-01 00:00,2024-01-02 00:00)', '[2024-01-01 00:00+00,infinity)');
INSERT INTO texts VALUES (2, '', '', '', '', '', B'0', B'0000000000', B'', 'null', '"scalar"', '', '00000000-0000-0000-0000-000000000000',
    '::1', '::/0', 'ff:ff:ff:ff:ff:ff', 'sad', '', '', 'empty', 'empty', 'empty', 'empty', 'empty');
INSERT INTO texts (id) VALUES (3);

INSERT INTO nested VALUES (1, '{vip,nueva,NULL,""}', '{1,NULL,-3}', '{9007199254740993}', '{1.50,-0.01,NULL}', '{1.5,100,NULL}',
    '{1.5,NaN,Infinity}', '{t,f,NULL}', '{2026-11-23,1815-12-10}', '{"2026-11-23 10:20:30.123456"}',
    '{"2026-11-23 10:20:30.123456+02"}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', ARRAY['{"a": 1}'::jsonb, 'null', NULL],
    ARRAY['\xdead'::bytea, '\x'], '{happy,sad}', 'a=>1, b=>NULL, "c d"=>"é"', '(1.5,-2.25)', '<(1,2),3>', '{1,2,3}',
    '(1,1),(0,0)', '((0,0),(1,1),(1,0))');
INSERT INTO nested VALUES (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '', '(0,0)',
    '<(0,0),0>', '{0,1,0}', '(0,0),(0,0)', '((0,0))');
INSERT INTO nested (id) VALUES (3);

INSERT INTO defaults (id) VALUES (1);
INSERT INTO defaults VALUES (2, NULL, NULL, 'given', NULL, NULL, '2026-11-23 10:20:30Z');

-- == changes
INSERT INTO customers VALUES (7, 'ADA@Example.com', 'Ada', '1815-12-10', -12345.67, '2026-11-23 10:20:30.123',
    '2026-11-23 10:20:30.123456+02', true, repeat('unchanged ', 250));
INSERT INTO customers (id, email, vip) VALUES (8, 'nulls@example.com', false);
UPDATE customers SET email = 'ada@new.example', balance = 0 WHERE id = 7;
UPDATE customers SET notes = NULL, vip = false WHERE id = 7;
UPDATE customers SET id = 70 WHERE id = 7;
DELETE FROM customers WHERE id = 8;
ALTER TABLE customers ADD COLUMN loyalty int DEFAULT 5;
UPDATE customers SET loyalty = 6 WHERE id = 70;
BEGIN;
INSERT INTO customers (id, email, vip) VALUES (101, 'tx1@example.com', true);
INSERT INTO customers (id, email, vip) VALUES (102, 'tx2@example.com', false);
UPDATE customers SET first_name = 'tx1b' WHERE id = 101;
INSERT INTO orders VALUES (1, 101, 99.90, 'EUR', 'paid', '2026-11-23 12:00:00+01');
COMMIT;
ALTER TABLE customers DROP COLUMN first_name;
DELETE FROM customers WHERE id = 102;
INSERT INTO customers (id, email, vip, notes) VALUES (103, 'late@example.com', true, 'after the drop');

INSERT INTO members VALUES ('acme', 2, 'dos');
DELETE FROM members WHERE no = 2;
UPDATE members SET tenant = 'beta' WHERE no = 1;

INSERT INTO full_rows VALUES (1, 'a@b.c', 10, repeat('whole ', 400));
UPDATE full_rows SET email = 'z@b.c' WHERE id = 1;
UPDATE full_rows SET id = 2 WHERE id = 1;
DELETE FROM full_rows WHERE id = 2;

INSERT INTO index_rows VALUES (1, 'i@b.c', 'Ida');
UPDATE index_rows SET email = 'j@b.c' WHERE id = 1;
DELETE FROM index_rows WHERE id = 1;

INSERT INTO nokey VALUES (5, 'y'), (NULL, NULL);

INSERT INTO orders VALUES (2, 7, 5.00, 'EUR', 'cart', '2026-11-23 20:16:31.185+01');
UPDATE orders SET status = 'paid' WHERE order_id = 2;
INSERT INTO orders VALUES (9007199254740993, NULL, NULL, NULL, NULL, NULL);

INSERT INTO emptied VALUES (2, 'two');
TRUNCATE emptied;
INSERT INTO emptied VALUES (3, 'three');

INSERT INTO toasted SELECT 1, 1, repeat('t', 300), decode(repeat('ab', 300), 'hex'), ('"' || repeat('j', 300) || '"')::json,
    ('"' || repeat('k', 300) || '"')::jsonb, ('<x>' || repeat('x', 300) || '</x>')::xml, hstore('key', repeat('h', 300)),
    repeat('12345', 150)::numeric, ARRAY[repeat('a', 300)], array_fill(7, ARRAY[100]), array_fill(8::bigint, ARRAY[50]),
    array_fill('2026-11-23'::date, ARRAY[100]), array_fill('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, ARRAY[25]),
    ARRAY[('"' || repeat('d', 300) || '"')::jsonb], ARRAY[decode(repeat('cd', 300), 'hex')];
UPDATE toasted SET version = 2 WHERE id = 1;

SELECT pg_logical_emit_message(true, 'app', 'hello');
SELECT pg_logical_emit_message(false, 'app', '');

-- == outbox
INSERT INTO outbox VALUES ('c0ffee00-0000-4000-8000-000000000001', 'order', '42', 'OrderPlaced',
    '{"total": 12.50, "customer": {"id": 7, "name": null}, "lines": [{"sku": "a", "n": 1}], "none": []}', 'acme', '2026-11-23T10:20:30Z');
INSERT INTO outbox_lists VALUES ('c0ffee00-0000-4000-8000-000000000002', 'order', '43', 'OrderList', '[1, 2, 3]', NULL, NULL);
INSERT INTO outbox VALUES ('c0ffee00-0000-4000-8000-000000000003', 'order', '44', 'OrderText', '"text"', NULL, NULL);
INSERT INTO outbox VALUES ('c0ffee00-0000-4000-8000-000000000004', 'order', '45', 'OrderEmpty', NULL, NULL, NULL);
DELETE FROM outbox WHERE aggregateid = '42';

-- == incremental
INSERT INTO signals VALUES ('again-1', 'execute-snapshot',
    '{"data-collections": ["public.customers"], "type": "incremental"}');

-- == done
INSERT INTO done VALUES (1);
INSERT INTO outbox VALUES ('c0ffee00-0000-4000-8000-00000000000f', 'done', '1', 'Done', '{}', NULL, NULL);
