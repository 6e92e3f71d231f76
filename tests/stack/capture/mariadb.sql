-- What happens in MariaDB while Debezium watches. A line `-- == NAME` begins a section.
-- Statements end with `;` at the end of a line that is not followed by an indented one, and run in a session each.

-- == tables
CREATE TABLE numbers (
    id       int PRIMARY KEY,
    tiny     tinyint,
    tiny_u   tinyint unsigned,
    yes      tinyint(1),
    flag     boolean,
    small    smallint,
    small_u  smallint unsigned,
    medium   mediumint,
    medium_u mediumint unsigned,
    whole    int,
    whole_u  int unsigned,
    filled   int(8) zerofill,
    big      bigint,
    big_u    bigint unsigned,
    dec2     decimal(12, 2),
    dec0     decimal(20, 0),
    dec30    decimal(65, 30),
    dec_u    decimal(10, 2) unsigned,
    single   float,
    double_  double,
    bit1     bit(1),
    bit10    bit(10),
    bit64    bit(64)
);

CREATE TABLE times (
    id  int PRIMARY KEY,
    day date,
    dt0 datetime,
    dt3 datetime(3),
    dt6 datetime(6),
    ts0 timestamp NULL,
    ts3 timestamp(3) NULL,
    ts6 timestamp(6) NULL,
    t0  time,
    t3  time(3),
    t6  time(6),
    yr  year
);

CREATE TABLE zeros (
    id   int PRIMARY KEY,
    day  date NOT NULL,
    dt0  datetime NOT NULL,
    dt6  datetime(6) NOT NULL,
    ts0  timestamp NOT NULL DEFAULT '0000-00-00 00:00:00',
    dayn date,
    dt0n datetime,
    dt6n datetime(6),
    ts0n timestamp NULL,
    yr   year
);

CREATE TABLE texts (
    id     int PRIMARY KEY,
    txt    text,
    vary   varchar(20),
    fixed  char(5),
    latin  varchar(20) CHARACTER SET latin1,
    big    longtext,
    doc    json,
    mood   enum ('sad', 'happy', ''),
    tags   set ('a', 'b', 'c'),
    bytes  blob,
    bin4   binary(4),
    vbin   varbinary(8),
    place  point,
    shape  geometry
);

CREATE TABLE defaults (
    id    int PRIMARY KEY,
    named varchar(20) DEFAULT 'nobody',
    count int DEFAULT 7,
    must  varchar(20) NOT NULL DEFAULT 'always',
    big_u bigint unsigned DEFAULT 18446744073709551615,
    deci  decimal(6, 2) DEFAULT 1.50,
    day   date DEFAULT '2020-02-29',
    at    datetime DEFAULT current_timestamp()
);

CREATE TABLE customers (
    id         int PRIMARY KEY,
    email      varchar(100) NOT NULL,
    first_name varchar(50),
    birth_date date,
    balance    decimal(12, 2),
    seen_at    datetime(3),
    created_at timestamp NULL,
    vip        tinyint(1) NOT NULL,
    notes      longtext
);
CREATE TABLE members (tenant varchar(20), no int, name varchar(20), PRIMARY KEY (tenant, no));
CREATE TABLE nokey (a int, b varchar(20));
CREATE TABLE emptied (id int PRIMARY KEY, name varchar(20));
CREATE TABLE signals (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048));
CREATE TABLE done (id int PRIMARY KEY);

INSERT INTO customers VALUES
    (1, 'Snap@Example.com', 'Snapshot', '1999-12-31', 10.00, '2026-01-01 00:00:00.5', '2026-01-01 00:00:00', 1, NULL),
    (2, 'two@example.com', 'Zwei', NULL, NULL, NULL, NULL, 0, 'second of the snapshot');
INSERT INTO members VALUES ('acme', 1, 'uno');
INSERT INTO nokey VALUES (1, 'x');
INSERT INTO emptied VALUES (1, 'one');
INSERT INTO numbers VALUES (1, -7, 200, 1, true, -300, 60000, -70000, 16000000, 42, 4000000000, 42, 9007199254740993,
    18446744073709551615, 123.45, 12345678901234567890, 12345678901234567890123456789012345.012345678901234567890123456789,
    99999999.99, 1.5, 0.1, b'1', b'1000000001', b'1000000000000000000000000000000000000000000000000000000000000001');
INSERT INTO times VALUES (1, '2026-11-23', '2026-11-23 10:20:30', '2026-11-23 10:20:30.123', '2026-11-23 10:20:30.123456',
    '2026-11-23 08:20:30', '2026-11-23 08:20:30.120', '2026-11-23 08:20:30.123456', '13:45:30', '13:45:30.123',
    '13:45:30.123456', 2026);
SET sql_mode = 'ALLOW_INVALID_DATES'; INSERT INTO zeros VALUES (1, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00',
    '0000-00-00 00:00:00', '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', NULL);

-- == values
INSERT INTO numbers VALUES (2, -128, 0, 0, false, -32768, 0, -8388608, 0, -2147483648, 0, 0, -9223372036854775808, 0,
    -0.01, -1, -0.000000000000000000000000000001, 0, -1.25, -1e300, b'0', b'0', b'0');
INSERT INTO numbers VALUES (3, 127, 255, 7, 9, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 99999999,
    9223372036854775807, 9223372036854775808, 9999999999.99, 99999999999999999999, 0, 0.01, 3.4e38, 5e-324, b'1',
    b'1111111111', 18446744073709551615);
INSERT INTO numbers (id) VALUES (5);

INSERT INTO times VALUES (2, '1815-12-10', '1815-12-10 01:02:03', '1815-12-10 01:02:03.004', '1815-12-10 01:02:03.000005',
    '1970-01-01 00:00:01', '1970-01-01 00:00:00.001', '1970-01-01 00:00:00.000001', '-838:59:59', '-838:59:59.999',
    '-00:00:00.000001', 1901);
INSERT INTO times VALUES (3, '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999999',
    '2038-01-19 03:14:07', '2038-01-19 03:14:07.999', '2038-01-19 03:14:07.999999', '838:59:59', '838:59:59.999',
    '838:59:59.999999', 2155);
INSERT INTO times VALUES (4, '1000-01-01', '1000-01-01 00:00:00', '1000-01-01 00:00:00', '1000-01-01 00:00:00', NULL, NULL, NULL,
    '24:00:00', '00:00:00', '00:00:00', 0);
INSERT INTO times (id) VALUES (5);

SET sql_mode = 'ALLOW_INVALID_DATES'; INSERT INTO zeros VALUES (2, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00',
    '0000-00-00 00:00:00', '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', 0);
SET sql_mode = 'ALLOW_INVALID_DATES'; INSERT INTO zeros VALUES (3, '2024-00-15', '2024-02-00 01:02:03', '2024-02-29 01:02:03',
    '2024-01-01 00:00:00', '2024-00-15', '2024-02-00 01:02:03', '2024-02-29 01:02:03', NULL, NULL);

INSERT INTO texts VALUES (1, 'ñ € 😀 "q" \\ \n', 'vary', 'ab', 'é', 'big', '{"a": [1,2.50, 12345678901234567890]}', 'happy', 'a,c',
    x'deadbeef', x'0102', x'ff00', ST_GeomFromText('POINT(1.5 -2.25)'), ST_GeomFromText('LINESTRING(0 0, 1 1)'));
INSERT INTO texts VALUES (2, '', '', '', '', '', '"scalar"', '', '', '', '', '', ST_GeomFromText('POINT(0 0)'),
    ST_GeomFromText('POLYGON((0 0, 1 1, 1 0, 0 0))'));
INSERT INTO texts (id) VALUES (3);

INSERT INTO defaults (id) VALUES (1);
INSERT INTO defaults VALUES (2, NULL, NULL, 'given', NULL, NULL, NULL, NULL);

-- == changes
INSERT INTO customers VALUES (7, 'ADA@Example.com', 'Ada', '1815-12-10', -12345.67, '2026-11-23 10:20:30.123',
    '2026-11-23 08:20:30', 1, repeat('whole ', 20));
INSERT INTO customers (id, email, vip) VALUES (8, 'nulls@example.com', 0);
UPDATE customers SET email = 'ada@new.example', balance = 0 WHERE id = 7;
UPDATE customers SET notes = NULL, vip = 0 WHERE id = 7;
UPDATE customers SET id = 70 WHERE id = 7;
DELETE FROM customers WHERE id = 8;
ALTER TABLE customers ADD COLUMN loyalty int DEFAULT 5 AFTER email;
UPDATE customers SET loyalty = 6 WHERE id = 70;
BEGIN;
    INSERT INTO customers (id, email, vip) VALUES (101, 'tx1@example.com', 1);
    INSERT INTO customers (id, email, vip) VALUES (102, 'tx2@example.com', 0);
    COMMIT;
ALTER TABLE customers DROP COLUMN first_name;
DELETE FROM customers WHERE id = 102;
INSERT INTO customers (id, email, vip, notes) VALUES (103, 'late@example.com', 1, 'after the drop');

INSERT INTO members VALUES ('acme', 2, 'dos');
DELETE FROM members WHERE no = 2;
UPDATE members SET tenant = 'beta' WHERE no = 1;

INSERT INTO nokey VALUES (5, 'y'), (NULL, NULL);
UPDATE nokey SET b = 'z' WHERE a = 5;
DELETE FROM nokey WHERE a = 1;

INSERT INTO emptied VALUES (2, 'two');
TRUNCATE emptied;
INSERT INTO emptied VALUES (3, 'three');

-- == incremental
INSERT INTO signals VALUES ('again-1', 'execute-snapshot',
    '{"data-collections": ["shop.customers"], "type": "incremental"}');

-- == done
INSERT INTO done VALUES (1);
