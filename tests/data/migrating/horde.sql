-- The tables of Horde 5 that are read, with the columns and types of its published migrations; of
-- turba_objects those that the tests fill. In Horde 3 pref_value is a text.
CREATE TABLE horde_prefs (
    pref_uid varchar(255) NOT NULL,
    pref_scope varchar(16) DEFAULT '' NOT NULL,
    pref_name varchar(32) NOT NULL,
    pref_value {blob},
    PRIMARY KEY (pref_uid, pref_scope, pref_name)
);
CREATE TABLE turba_objects (
    object_id varchar(32) PRIMARY KEY,
    owner_id varchar(255) NOT NULL,
    object_type varchar(255) DEFAULT 'Object' NOT NULL,
    object_uid varchar(255),
    object_members {blob},
    object_firstname varchar(255),
    object_lastname varchar(255),
    object_bday varchar(10),
    object_homecity varchar(255),
    object_email varchar(255),
    object_cellphone varchar(25),
    object_company varchar(255),
    object_notes text,
    object_photo {blob},
    object_phototype varchar(10)
);
CREATE TABLE turba_sharesng (
    share_id integer PRIMARY KEY,
    share_name varchar(255) NOT NULL,
    share_owner varchar(255),
    attribute_name varchar(255) NOT NULL,
    attribute_params text
);
CREATE TABLE imp_sentmail (
    sentmail_id integer PRIMARY KEY,
    sentmail_who varchar(255) NOT NULL,
    sentmail_ts bigint NOT NULL,
    sentmail_recipient varchar(255) NOT NULL,
    sentmail_success integer NOT NULL
);
