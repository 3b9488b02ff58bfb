"""A disk that is full, under each of the three that write: 503 or waiting, never a lost event, and when there is room
again it goes on by itself."""

import contextlib
import shutil

from attack import Attack
from disks import SmallDisk
from events import envelope
from harness import Instance
from producer import small_run
from waiting import rounds


@contextlib.contextmanager
def with_small_disk(part, mebibytes, after_first_start=False):
    """An installation whose folder `part` lies on a disk of its own; and that disk."""
    instance = Instance()
    with contextlib.ExitStack() as cleaning:
        cleaning.callback(shutil.rmtree, instance.folder, ignore_errors=True)
        if after_first_start:
            cleaning.callback(instance.close)
            instance.start()
            assert instance.stop() == 0
        disk = cleaning.enter_context(SmallDisk(instance.data / part, mebibytes))
        cleaning.callback(instance.close)
        instance.start()
        yield instance, disk


def test_under_the_journal():
    """What is accepted is kept, the rest is refused with 503 and says when to come again."""
    with with_small_disk("journal", 400) as (system, disk):
        with Attack(system, "full disk under the journal") as attack:
            for _ in range(rounds(1)):
                attack.wait_for_batches(20)
                attack.strike(disk.fill)
                attack.wait_for_told("journal")
                assert system.get("/readyz", "gateway").status_code == 503
                refused = system.post([envelope()])
                assert refused.status_code == 503 and int(refused.headers["Retry-After"]) >= 1
                assert "disk" in refused.json()["error"]["message"]
                attack.moment(2)
                disk.make_room()
                attack.wait_for_batches(20)
            attack.wait_recovered()
        attack.judge(told={"journal"})


def test_under_the_journal_of_a_gateway_that_nobody_asks():
    """Who sends clients only to a gateway that is ready must learn that it is, though no client comes."""
    with with_small_disk("journal", 400) as (system, disk):
        disk.fill()
        assert system.post([envelope()]).status_code == 503
        assert system.get("/readyz", "gateway").status_code == 503
        disk.make_room()
        system.wait_ready(10)


def test_under_nats():
    """The journal keeps what NATS cannot take."""
    with with_small_disk("nats/store", 1024) as (system, disk):  # room for what gathers meanwhile
        with Attack(system, "full disk under NATS", shapes=((small_run, 0.02),)) as attack:
            for _ in range(rounds(1)):
                attack.wait_for_batches(20)
                attack.strike(disk.fill)
                attack.wait_for_told("nats", deadline=30)
                attack.wait_for_batches(50)  # accepted all the same
                disk.make_room()
                attack.wait_recovered(90)  # nats-server has locked itself up, which is found out after 20 seconds
                attack.wait_for_batches(20)
        attack.judge(told={"nats"})


def test_under_postgresql():
    """Its log cannot grow: it ends, and cannot recover before there is room."""
    with with_small_disk("postgres", 512, after_first_start=True) as (system, disk):
        with Attack(system, "full disk under PostgreSQL") as attack:
            for _ in range(rounds(1)):
                attack.wait_for_batches(20)
                attack.strike(disk.fill)
                attack.wait_for_told("postgresql", deadline=40)
                attack.wait_for_batches(50)
                disk.make_room()
                attack.wait_recovered()
                attack.wait_for_batches(20)
        attack.judge(told={"postgresql"})
