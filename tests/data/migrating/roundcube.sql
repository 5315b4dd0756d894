-- The tables of Roundcube 1.6 that are read, with the columns, types and indexes of its published
-- schema.
CREATE TABLE users (
    user_id integer PRIMARY KEY,
    username varchar(128) NOT NULL,
    mail_host varchar(128) NOT NULL,
    language varchar(16),
    preferences text,
    UNIQUE (username, mail_host)
);
CREATE TABLE identities (
    identity_id integer PRIMARY KEY,
    user_id integer NOT NULL,
    del smallint DEFAULT 0 NOT NULL,
    standard smallint DEFAULT 0 NOT NULL,
    name varchar(128) DEFAULT '' NOT NULL,
    organization varchar(128) DEFAULT '',
    email varchar(128) NOT NULL,
    "reply-to" varchar(128) DEFAULT '',
    bcc varchar(128) DEFAULT '',
    signature text,
    html_signature smallint DEFAULT 0 NOT NULL
);
CREATE TABLE contacts (
    contact_id integer PRIMARY KEY,
    user_id integer NOT NULL,
    del smallint DEFAULT 0 NOT NULL,
    name varchar(128) DEFAULT '' NOT NULL,
    email text NOT NULL,
    firstname varchar(128) DEFAULT '' NOT NULL,
    surname varchar(128) DEFAULT '' NOT NULL,
    vcard text
);
CREATE TABLE contactgroups (
    contactgroup_id integer PRIMARY KEY,
    user_id integer NOT NULL,
    del smallint DEFAULT 0 NOT NULL,
    name varchar(128) DEFAULT '' NOT NULL
);
CREATE TABLE contactgroupmembers (
    contactgroup_id integer NOT NULL,
    contact_id integer NOT NULL,
    PRIMARY KEY (contactgroup_id, contact_id)
);
CREATE TABLE searches (
    search_id integer PRIMARY KEY,
    user_id integer NOT NULL,
    "type" smallint DEFAULT 0 NOT NULL,
    name varchar(128) NOT NULL,
    data text
);
-- Since 1.5.
CREATE TABLE collected_addresses (
    address_id integer PRIMARY KEY,
    user_id integer NOT NULL,
    changed timestamp with time zone,
    name varchar(255) DEFAULT '' NOT NULL,
    email varchar(255) NOT NULL,
    "type" integer NOT NULL
);
-- Since 1.6.
CREATE TABLE responses (
    response_id integer PRIMARY KEY,
    user_id integer NOT NULL,
    del smallint DEFAULT 0 NOT NULL,
    name varchar(255) NOT NULL,
    data text NOT NULL,
    is_html smallint DEFAULT 0 NOT NULL
);
CREATE INDEX identities_user ON identities (user_id, del);
CREATE INDEX identities_email ON identities (email, del);
CREATE INDEX contacts_user ON contacts (user_id, del);
CREATE INDEX contactgroups_user ON contactgroups (user_id, del);
CREATE INDEX contactgroupmembers_contact ON contactgroupmembers (contact_id);
CREATE UNIQUE INDEX searches_user ON searches (user_id, "type", name);
CREATE UNIQUE INDEX collected_addresses_user ON collected_addresses (user_id, "type", email);
CREATE INDEX responses_user ON responses (user_id, del);
