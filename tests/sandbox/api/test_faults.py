"""Which fault meets which request."""

from connector.sandbox.api.faults import Fault, FaultKind, Faults

STATUS = Fault(FaultKind.STATUS, status=503)


def test_a_fault_ends_after_its_times() -> None:
    """A fault with `times` meets that many requests of its endpoint and no other."""
    faults = Faults()
    faults.arm(Fault(FaultKind.RESET, times=2, endpoint="contacts"), 0)
    assert [len(faults.meet("contacts", 0)) for _ in range(3)] == [1, 1, 0]
    faults.arm(Fault(FaultKind.RESET, endpoint="contacts"), 0)
    assert faults.meet("events", 0) == ()


def test_a_fault_ends_after_its_time() -> None:
    """A fault with `for_seconds` is gone when they have passed."""
    faults = Faults()
    faults.arm(Fault(FaultKind.STATUS, for_seconds=10), 100)
    assert faults.meet("contacts", 109.9)
    assert not faults.meet("contacts", 110)


def test_probability_repeats_with_its_seed() -> None:
    """The same seed gives the same requests a fault, and about as many as asked for."""

    def draws(seed: int) -> list[int]:
        faults = Faults(seed)
        faults.arm(Fault(FaultKind.LOST, probability=0.3), 0)
        return [len(faults.meet("contacts", 0)) for _ in range(1000)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert 250 < sum(draws(1)) < 350


def test_latency_combines_with_one_other_fault() -> None:
    """All latencies are met, but of the rest only the oldest; the younger keeps its times."""
    faults = Faults()
    slow, reset = Fault(FaultKind.LATENCY), Fault(FaultKind.RESET, times=1)
    for fault in (slow, STATUS, reset):
        faults.arm(fault, 0)
    assert faults.meet("contacts", 0) == (slow, STATUS)
    faults.clear()
    faults.arm(reset, 0)
    assert faults.meet("contacts", 0) == (reset,)
