"""Connections kept between requests."""

from __future__ import annotations

import threading

import pytest

from mail.errors import (
    BadServerAnswer,
    FolderChanged,
    FolderNotFound,
    ServerUnavailable,
    SignInNeeded,
)
from mail.imap import connection
from mail.imap.pool import Pool
from mail.imap.values import ImapServer, MessageRef
from tests.servers.scripted import CLOSE, STALL, ScriptedServer, imap_script, no, ok, selected
from tests.waiting import join, soon, wait_for

SELECT = ("SELECT", selected())
NOOP = ("NOOP", ok())
FETCH = ("UID FETCH", ok(b"* 1 FETCH (UID 1 FLAGS ())\r\n"))
STORE = ("UID STORE", ok())


@pytest.fixture
def opener(imap_server, alice):
    return lambda: connection.open(imap_server, alice.login, alice.password)


@pytest.fixture
def pool():
    made = Pool(max_per_user=3, idle_seconds=300, wait_seconds=0.3)
    yield made
    made.close_all()


def opener_of(server, timeout=1.0):
    where = ImapServer("127.0.0.1", server.port, "none", timeout=timeout)
    return lambda: connection.open(where, "alice", "secret")


def test_a_connection_is_used_again(pool, opener):
    with pool.lease("alice", opener) as first:
        first.select("INBOX")
    with pool.lease("alice", opener) as second:
        assert second is first
    assert pool.count("alice") == 1


def test_a_connection_opened_elsewhere_is_the_next_one_used(pool, opener):
    brought = opener()
    pool.put("alice", brought)
    with pool.lease("alice", refuse) as lent:
        assert lent is brought
        lent.select("INBOX")
    assert pool.count("alice") == 1


def test_a_connection_brought_where_there_is_no_room_is_closed(pool, opener):
    leases = [pool.lease("alice", opener) for _ in range(3)]
    brought = opener()
    pool.put("alice", brought)
    assert pool.count("alice") == 3
    with pytest.raises(ServerUnavailable):
        brought.command("NOOP")
    for lease in leases:
        lease.release()


def refuse():
    raise AssertionError("another connection was opened")


def test_another_key_gets_another_connection(pool, opener):
    with pool.lease("alice", opener) as first:
        pass
    with pool.lease("alice, other password", opener) as second:
        assert second is not first


def test_at_most_three_are_open_and_the_fourth_is_told_so(pool, opener):
    leases = [pool.lease("alice", opener) for _ in range(3)]
    assert len({id(lease.connection) for lease in leases}) == 3
    with pytest.raises(ServerUnavailable):
        pool.lease("alice", opener)
    for lease in leases:
        lease.release()
    assert pool.count("alice") == 3


def test_streams_leave_one_connection_to_the_pages(pool, opener):
    streams = [pool.lease_open("alice", opener) for _ in range(2)]
    with pytest.raises(ServerUnavailable):
        pool.lease_open("alice", opener)
    with pool.lease("alice", opener) as imap:
        imap.select("INBOX")
    for stream in streams:
        stream.release()
    pool.lease_open("alice", opener).release()


def test_who_waits_gets_the_one_that_comes_back(opener):
    pool = Pool(max_per_user=1, wait_seconds=5)
    held = pool.lease_open("alice", opener)
    threading.Timer(0.2, held.release).start()
    with pool.lease("alice", opener) as imap:
        assert imap is held.connection
    pool.close_all()


def test_threads_never_share_a_connection(opener, mailbox):
    pool = Pool(max_per_user=3, wait_seconds=10)
    uids = [mailbox.append(b"Subject: %d\r\n\r\nx\r\n" % n) for n in range(8)]
    wrong: list[object] = []

    def read(uid):
        for _ in range(10):
            with pool.lease("alice", opener) as imap:
                imap.select("INBOX")
                line = imap.uid("FETCH", str(uid), "(UID)")[0]
                if b"UID %d)" % uid not in line:
                    wrong.append(line)

    threads = [threading.Thread(target=read, args=(uid,)) for uid in uids]
    for thread in threads:
        thread.start()
    join(*threads)
    assert wrong == []
    assert pool.count("alice") <= 3
    pool.close_all()


def test_closing_a_key_closes_its_idle_connections(pool, opener):
    with pool.lease("alice", opener) as first:
        pass
    pool.close("alice")
    assert pool.count("alice") == 0
    with pool.lease("alice", opener) as second:
        assert second is not first


def test_closing_a_key_closes_a_lent_connection_when_it_comes_back(pool, opener):
    with pool.lease("alice", opener) as imap:
        pool.close("alice")
        imap.select("INBOX")  # a download under way goes on
    assert pool.count("alice") == 0


def test_idle_connections_are_closed(opener):
    pool = Pool(idle_seconds=0.2)
    with pool.lease("alice", opener):
        pass
    assert pool.count("alice") == 1
    wait_for(lambda: pool.count("alice") == 0)
    # Its thread has ended, and begins anew for the next idle one.
    with pool.lease("alice", opener):
        pass
    wait_for(lambda: pool.count("alice") == 0)


def test_a_failed_sign_in_takes_no_place(pool, imap_server, alice):
    def refused():
        return connection.open(imap_server, alice.login, "wrong")

    for _ in range(4):
        with pytest.raises(SignInNeeded):
            pool.lease_open("alice", refused)
    assert pool.count("alice") == 0


def test_releasing_twice_gives_back_once(pool, opener):
    lease = pool.lease_open("alice", opener)
    lease.release()
    lease.release()
    assert pool.count("alice") == 1


def test_the_pool_keeps_no_opener(pool, opener):
    with pool.lease("alice", opener) as imap:
        assert imap._opener is not None
    assert imap._opener is None


def test_an_interrupted_command_spoils_the_connection(pool, opener):
    with pytest.raises(KeyboardInterrupt), pool.lease("alice", opener) as imap:

        def interrupted(*args):
            raise KeyboardInterrupt

        imap._client._simple_command = interrupted
        imap.command("NOOP")
    assert pool.count("alice") == 0


def test_a_connection_with_a_bad_answer_is_not_given_back(pool):
    with ScriptedServer(imap_script(("SELECT", b"rubbish\r\n"))) as server:
        with pytest.raises(BadServerAnswer), pool.lease("alice", opener_of(server)) as imap:
            imap.select("INBOX")
        assert pool.count("alice") == 0


def test_a_refusal_leaves_the_connection_in_the_pool(pool):
    with ScriptedServer(imap_script(("SELECT", no(b"none")))) as server:
        with pytest.raises(FolderNotFound), pool.lease("alice", opener_of(server)) as imap:
            imap.select("Nowhere")
        assert pool.count("alice") == 1
        pool.close("alice")


@pytest.mark.parametrize("drop", [(CLOSE,), (b"* BYE idle for too long\r\n", CLOSE)])
def test_a_dropped_connection_is_reopened_unnoticed(pool, drop):
    first = imap_script(SELECT, ("NOOP", *drop))
    second = imap_script(SELECT, FETCH)
    with ScriptedServer(first, second) as server:
        opener = opener_of(server)
        with pool.lease("alice", opener) as imap:
            imap.select("INBOX")
        with pool.lease("alice", opener) as imap:
            assert imap.select("INBOX").exists == 3
            assert imap.uid("FETCH", "1", "(UID FLAGS)")
        assert len(server.received) == 2
        assert pool.count("alice") == 1
        pool.close("alice")


def test_a_connection_dropped_within_a_lease_opens_its_folder_again(pool):
    first = imap_script(SELECT, ("UID FETCH", b"* 1 FETCH (UI", CLOSE))
    second = imap_script(SELECT, FETCH)
    with ScriptedServer(first, second) as server:
        with pool.lease("alice", opener_of(server)) as imap:
            imap.select("INBOX")
            assert imap.uid("FETCH", "1", "(UID FLAGS)") == [b"1 (UID 1 FLAGS ())"]
        pool.close("alice")


def test_a_folder_made_anew_meanwhile_is_not_taken_for_the_old_one(pool):
    first = imap_script(SELECT, ("UID FETCH", CLOSE))
    second = imap_script(("SELECT", selected(uidvalidity=8)))
    with ScriptedServer(first, second) as server:
        with pytest.raises(FolderChanged), pool.lease("alice", opener_of(server)) as imap:
            imap.select("INBOX")
            imap.uid("FETCH", "1", "(UID FLAGS)")
        pool.close("alice")


def test_a_folder_made_anew_while_it_was_open_in_the_pool(pool, opener, mailbox):
    mailbox.create_folder("Classe")
    old = mailbox.append(b"Subject: vieux\r\n\r\nx\r\n", "Classe")
    with pool.lease("alice", opener) as imap:
        uidvalidity = imap.select("Classe").uidvalidity
    mailbox.delete_folder("Classe")
    mailbox.create_folder("Classe")
    with pool.lease("alice", opener) as imap, pytest.raises(FolderChanged):
        imap.require(MessageRef("Classe", uidvalidity, old))


def test_a_folder_removed_while_it_was_open_in_the_pool(pool, opener, mailbox):
    mailbox.create_folder("Classe")
    with pool.lease("alice", opener) as imap:
        imap.select("Classe")
    mailbox.delete_folder("Classe")
    with pool.lease("alice", opener) as imap, pytest.raises(FolderNotFound):
        imap.select("Classe")


def test_a_folder_renamed_while_it_was_open_in_the_pool(pool, opener, mailbox):
    mailbox.create_folder("Classe")
    mailbox.append(b"Subject: x\r\n\r\nx\r\n", "Classe")
    with pool.lease("alice", opener) as imap:
        imap.select("Classe")
    mailbox.imap.rename("Classe", "Classe-2024")
    with pool.lease("alice", opener) as imap, pytest.raises(FolderNotFound):
        imap.select("Classe")


def test_reopening_a_folder_that_nobody_named_yet_takes_it_as_it_is(pool):
    first = imap_script(SELECT, ("NOOP", CLOSE))
    second = imap_script(("SELECT", selected(uidvalidity=8)))
    with ScriptedServer(first, second) as server:
        opener = opener_of(server)
        with pool.lease("alice", opener) as imap:
            imap.select("INBOX")
        with pool.lease("alice", opener) as imap:
            assert imap.select("INBOX").uidvalidity == 8
        pool.close("alice")


def test_a_connection_is_reopened_once_only(pool):
    script = imap_script(("SELECT", CLOSE))
    with ScriptedServer(script) as server:
        with pytest.raises(ServerUnavailable), pool.lease("alice", opener_of(server)) as imap:
            imap.select("INBOX")
        assert len(server.received) == 2


def test_a_changing_command_is_never_sent_twice(pool):
    script = imap_script(SELECT, ("UID STORE", CLOSE))
    with ScriptedServer(script) as server:
        with pytest.raises(ServerUnavailable), pool.lease("alice", opener_of(server)) as imap:
            imap.select("INBOX")
            imap.uid("STORE", "1", "+FLAGS", "(\\Seen)", changes=True)
        assert len(server.received) == 1


def test_after_a_change_nothing_is_reopened(pool):
    script = imap_script(SELECT, STORE, ("UID FETCH", CLOSE))
    with ScriptedServer(script) as server:
        with pytest.raises(ServerUnavailable), pool.lease("alice", opener_of(server)) as imap:
            imap.select("INBOX")
            imap.uid("STORE", "1", "+FLAGS", "(\\Seen)", changes=True)
            imap.uid("FETCH", "1", "(UID FLAGS)")
        assert len(server.received) == 1


def test_an_old_connection_is_tried_before_something_is_changed(pool):
    """An APPEND on a connection that died in the pool would be lost for nothing."""
    first = imap_script(NOOP, ("NOOP", CLOSE))
    second = imap_script(NOOP, ("CREATE", ok()))
    with ScriptedServer(first, second) as server:
        opener = opener_of(server)
        with pool.lease("alice", opener) as imap:
            imap.command("NOOP")
        with pool.lease("alice", opener) as imap:
            imap.command("CREATE", '"Classe"', changes=True)
        pool.close("alice")


def test_a_silent_old_connection_is_reopened(pool):
    """As when a firewall has forgotten it: what is sent gets no answer at all."""
    first = imap_script(SELECT, ("NOOP", STALL))
    with ScriptedServer(first, imap_script(SELECT)) as server:
        opener = opener_of(server, timeout=12.0)
        with pool.lease("alice", opener) as imap:
            imap.select("INBOX")
        with pool.lease("alice", opener) as imap, soon():
            assert imap.select("INBOX").exists == 3
            # Not the whole time-out: only whether it is still there was asked.
        pool.close("alice")


def test_a_server_that_falls_silent_in_a_lease_is_not_waited_for_twice(pool):
    script = imap_script(SELECT, ("UID FETCH", STALL))
    with ScriptedServer(script) as server:
        with pytest.raises(ServerUnavailable), pool.lease("alice", opener_of(server, 0.3)) as imap:
            imap.select("INBOX")
            imap.uid("FETCH", "1", "(UID)")
        assert len(server.received) == 1


def test_a_password_refused_at_reopening_needs_a_sign_in(pool):
    told = ok(b"* CAPABILITY IMAP4rev1\r\n")
    refused = [("", b"* OK\r\n"), ("CAPABILITY", told), ("LOGIN", no(b"changed"))]
    with ScriptedServer(imap_script(("SELECT", CLOSE)), refused) as server:
        with pytest.raises(SignInNeeded), pool.lease("alice", opener_of(server)) as imap:
            imap.require(MessageRef("INBOX", 7, 1))
        assert pool.count("alice") == 0


def test_a_forked_child_begins_with_an_empty_pool(pool, opener):
    with pool.lease("alice", opener):
        pass
    parents = pool._by_key
    pool._forget()  # what os.register_at_fork has the child do
    assert pool.count("alice") == 0
    for connections in parents.values():
        for imap, _ in connections.idle:
            imap.close()
