"""The servers that the chaos suite kills: what they confirmed is there after a kill, and they end with the test."""

import psycopg
import pytest
import redis

from tests.own_servers import OwnPostgres, OwnRedis, is_alive, until


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It runs here: other processes live in real time, so this one does too."""


@pytest.mark.own_postgres
def test_a_killed_postgres_has_what_it_confirmed_and_nothing_else():
    with OwnPostgres() as server:
        server.new_database("shop")
        with server.connect("shop") as connection:
            connection.execute("CREATE TABLE thing (name text PRIMARY KEY)")
            connection.execute("INSERT INTO thing VALUES ('confirmed')")
        open_one = server.connect("shop")
        open_one.execute("BEGIN")
        open_one.execute("INSERT INTO thing VALUES ('not confirmed')")
        pids = server.pids()
        assert len(pids) > 1
        server.kill()
        assert not server.is_running()
        assert [pid for pid in pids if is_alive(pid)] == []
        with pytest.raises(psycopg.OperationalError):
            open_one.execute("COMMIT")
        open_one.close()
        with pytest.raises(psycopg.OperationalError):
            server.connect("shop")
        server.start()
        with server.connect("shop") as connection:
            assert connection.execute("SELECT name FROM thing").fetchall() == [("confirmed",)]
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert server.check("shop") == ""
        folder, last = server.folder, server.pids()
    assert not folder.exists()
    assert [pid for pid in last if is_alive(pid)] == []


@pytest.mark.own_postgres
def test_a_killed_backend_ends_all_connections_and_the_server_recovers_by_itself(own_postgres):
    main = own_postgres.pid
    with own_postgres.connect() as one:
        own_postgres.kill_one()
        with pytest.raises(psycopg.OperationalError):
            one.execute("SELECT 1").fetchone()
    until(own_postgres._answers)
    assert own_postgres.pid == main
    own_postgres.stop()
    own_postgres.start()


@pytest.mark.redis
def test_a_killed_redis_has_what_it_confirmed():
    with OwnRedis() as server:
        with server.client() as client:
            client.set("name", "confirmed")
            pid = server.pid
            server.kill()
            assert not is_alive(pid)
            with pytest.raises(redis.exceptions.ConnectionError):
                client.get("name")
        server.start()
        with server.client() as client:
            assert client.get("name") == b"confirmed"
        server.stop()
        folder = server.folder
    assert not folder.exists()
